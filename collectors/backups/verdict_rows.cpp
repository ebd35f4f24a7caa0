#include "collectors/backups/verdict_rows.h"

#include <array>
#include <charconv>
#include <set>

namespace pgvigil::backups {
namespace {

using collectors::TextRows;

std::string text_of(double number) {
  std::array<char, 32> text{};
  const auto [end, fault] = std::to_chars(text.data(), text.data() + text.size(), number);
  return std::string(text.data(), end);
}

double seconds_of(Timestamp time) {
  return std::chrono::duration<double>(time.time_since_epoch()).count();
}

double seconds_of(std::chrono::milliseconds time) {
  return std::chrono::duration<double>(time).count();
}

constexpr std::array<std::string_view, 6> k_state_words = {"complete", "running", "waiting_for_wal",
                                                           "failed",   "damaged", "unproven"};

bool could_look(Reason reason) {
  return reason != Reason::tool_failed && reason != Reason::timed_out && reason != Reason::unreadable &&
         reason != Reason::cipher_key;
}

/// Adds rows that are about one repository of one source.
class VerdictRows {
 public:
  VerdictRows(const SourceWatch& watch, const Verdict& verdict, Timestamp now, TextRows& rows)
      : source_(watch.source()), verdict_(verdict), now_(now), rows_(rows) {}

  void add() {
    add_verdict();
    add_reasons();
    add_types();
    add_states();
    add_slots();
    add_place();
    add_measures();
    add_proofs();
  }

 private:
  void begin() {
    rows_.add_row();
    rows_.set("backup", source_.name);
    rows_.set("tool", std::string(to_string(source_.tool)));
    rows_.set("repository", verdict_.repository);
  }
  void set(std::string_view column, double number) { rows_.set(column, text_of(number)); }
  template <typename T>
  void set(std::string_view column, const std::optional<T>& number) {
    if (number) set(column, static_cast<double>(*number));
  }
  void set(std::string_view column, Timestamp time) { set(column, seconds_of(time)); }
  void set(std::string_view column, const std::optional<Timestamp>& time) {
    if (time) set(column, *time);
  }

  void add_verdict() {
    begin();
    set("recoverable", verdict_.answer == Answer::recoverable ? 1 : 0);
    set("readable", could_look(verdict_.because.reason) ? 1 : 0);
    set("until", verdict_.until);
    set("since", verdict_.since);
    if (verdict_.restored) set("restore_age", seconds_of(now_) - seconds_of(*verdict_.restored));
    set("restore_seconds", verdict_.restore_seconds);
    set("drill_passed", verdict_.drill_passed);
    if (verdict_.until) set("wal_missing", static_cast<double>(verdict_.wal_missing));
    if (could_look(verdict_.because.reason)) set("runs", static_cast<double>(verdict_.runs));
    set("last_attempt", verdict_.last_attempt);
    set("running_seconds", verdict_.running_seconds);
    set("progress", verdict_.progress);
    set("expected_end", verdict_.expected_end);
    if (verdict_.size) set("size_ratio", verdict_.size->ratio);
    if (verdict_.size) set("size_jumped", verdict_.size->jumped ? 1 : 0);
    if (verdict_.duration) set("duration_ratio", verdict_.duration->ratio);
    if (verdict_.duration) set("duration_jumped", verdict_.duration->jumped ? 1 : 0);
    if (verdict_.size_to_database) set("least_size_to_database", verdict_.least_size_to_database);
    set("size_to_database", verdict_.size_to_database);
    set("size_growth", verdict_.size_growth);
    set("duration_growth", verdict_.duration_growth);
    if (verdict_.cadence) set("expected", verdict_.cadence->expected);
    if (verdict_.cadence) set("deadline", verdict_.cadence->deadline);
    set("window_seconds", verdict_.window_seconds);
    set("oldest", verdict_.oldest);
    set("after_expiry", verdict_.after_expiry);
    set("off_host", verdict_.off_host);
    set("immutable", verdict_.immutable);
    if (verdict_.tablespaces_missing)
      set("tablespaces_missing", static_cast<double>(verdict_.tablespaces_missing->size()));
    set("encrypted", verdict_.encrypted);
    set("key_expires", verdict_.key_expires);
    if (source_.tool == Tool::dumps && verdict_.until)
      set("databases_missing", static_cast<double>(verdict_.databases_missing.size()));
  }

  void add_reasons() {
    begin();
    rows_.set("verdict", std::string(to_string(verdict_.answer)));
    rows_.set("reason", std::string(to_string(verdict_.because.reason)));
    set("verdict_one", 1);
    std::set<Reason> reasons;
    for (const Trouble& finding : verdict_.findings)
      reasons.insert(finding.reason);
    for (const Reason reason : reasons) {
      begin();
      rows_.set("reason", std::string(to_string(reason)));
      set("finding_one", 1);
    }
  }

  void add_types() {
    const std::array<std::pair<std::string_view, std::chrono::milliseconds>, 2> limits = {
        {{"any", source_.policy.max_age}, {"full", source_.policy.max_age_full}}};
    for (const auto& [type, limit] : limits) {
      begin();
      rows_.set("type", std::string(type));
      set("max_age", seconds_of(limit));
    }
    for (const auto& [type, stop] : verdict_.newest) {
      begin();
      rows_.set("type", std::string(type));
      set("age", seconds_of(now_) - seconds_of(stop));
      set("last_success", seconds_of(stop));
    }
  }

  void add_states() {
    for (const auto& [state, count] : verdict_.count) {
      begin();
      rows_.set("state", std::string(k_state_words.at(static_cast<std::size_t>(state))));
      set("count", static_cast<double>(count));
    }
  }

  void add_slots() {
    for (const Slots& slots : verdict_.slots) {
      begin();
      rows_.set("slot", std::string(slots.slot));
      set("slots", static_cast<double>(slots.wanted));
      set("slots_filled", static_cast<double>(slots.filled));
    }
  }

  void add_place() {
    if (verdict_.place == Place::unknown) return;
    begin();
    rows_.set("place", std::string(to_string(verdict_.place)));
    set("place_one", 1);
  }

  void add_measures() {
    for (const auto& [kind, measure] : verdict_.measures) {
      begin();
      rows_.set("type", std::string(to_string(kind)));
      set("duration", measure.seconds);
      const Sizes& sizes = measure.sizes;
      const std::array<std::pair<std::string_view, std::optional<std::uint64_t>>, 5> whats = {
          {{"database", sizes.database},
           {"delta", sizes.delta},
           {"repository", sizes.repository},
           {"repository_delta", sizes.repository_delta},
           {"dumped", sizes.dumped}}};
      for (const auto& [what, bytes] : whats) {
        if (!bytes) continue;
        begin();
        rows_.set("type", std::string(to_string(kind)));
        rows_.set("what", std::string(what));
        set("bytes", bytes);
      }
    }
  }

  void add_proofs() {
    const auto add = [&](std::string_view proof, const std::map<Kind, Timestamp>& times) {
      for (const auto& [kind, time] : times) {
        begin();
        rows_.set("kind", std::string(proof));
        rows_.set("type", std::string(to_string(kind)));
        set("verified", time);
      }
    };
    add("restore", verdict_.restored_by_kind);
    add("checksum", verdict_.verified_by_kind);
  }

  const Source& source_;
  const Verdict& verdict_;
  const Timestamp now_;
  TextRows& rows_;
};

}  // namespace

void add_verdicts(const SourceWatch& watch, Timestamp now, TextRows& rows) {
  for (const Verdict& verdict : watch.verdicts(now))
    VerdictRows(watch, verdict, now, rows).add();
  if (!watch.looked_at()) return;
  rows.add_row();
  rows.set("backup", watch.source().name);
  rows.set("tool", std::string(to_string(watch.source().tool)));
  rows.set("looked_at", text_of(seconds_of(*watch.looked_at())));
  if (!watch.reading().trouble) rows.set("repaired", watch.reading().repaired ? "1" : "0");
  rows.set("look_seconds", text_of(watch.look_seconds()));
}

}  // namespace pgvigil::backups
