#include "collectors/backups/judging/verdict.h"

#include <algorithm>
#include <array>

#include "collectors/backups/files/json_text.h"
#include "collectors/backups/judging/case.h"
#include "collectors/backups/judging/soundness.h"

namespace pgvigil::backups {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

void count(Case& each) {
  for (const Backup& backup : each.repository.backups) {
    ++each.verdict.count[backup.state];
    if (backup.state != State::complete || !backup.stop) continue;
    // A full one counts as differential, and both as incremental: a schedule takes them in turn.
    const auto note = [&](std::string_view type) {
      auto& newest = each.verdict.newest.try_emplace(type, *backup.stop).first->second;
      newest = std::max(newest, *backup.stop);
    };
    if (stands_alone(backup.kind)) note("full");
    if (backup.kind != Kind::incremental) note("diff");
    note("incr");
    note("any");
  }
}

/// Where a repository cannot be read, that is why.
void judge_output(Case& each) {
  const Reading& reading = each.evidence.reading;
  if (!reading.repaired || std::ranges::any_of(reading.repositories,
                                               [](const Repository& any) { return any.trouble.has_value(); }))
    return;
  each.find({Reason::output_repaired, "control bytes or bad UTF-8 in what " +
                                          std::string(to_string(each.source.tool)) +
                                          " wrote were replaced to read it"});
}

Verdict judge_repository(const Evidence& evidence, const Repository& repository, Timestamp now) {
  Case each{evidence, evidence.source, repository, now};
  each.verdict.repository = repository.key;
  count(each);
  judge_recoverability(each);
  judge_scope(each);
  judge_ages(each);
  judge_runs(each);
  judge_retention(each);
  judge_keeping(each);
  judge_history(each);
  judge_drills(each);
  judge_output(each);
  for (const Trouble& check : repository.checks)
    each.find(check);
  if (each.verdict.because.reason == Reason::none) each.verdict.answer = Answer::recoverable;
  return std::move(each.verdict);
}

}  // namespace

void Case::decide(Trouble trouble) {
  if (verdict.because.reason != Reason::none) return find(std::move(trouble));
  verdict.answer = leaves_open(trouble.reason) ? Answer::unknown : Answer::not_recoverable;
  verdict.because = std::move(trouble);
}

void Case::find(Trouble trouble) {
  verdict.findings.push_back(std::move(trouble));
}

std::optional<Timestamp> Case::newest(std::string_view type) const {
  const auto found = verdict.newest.find(type);
  return found == verdict.newest.end() ? std::nullopt : std::optional(found->second);
}

double seconds_between(Timestamp from, Timestamp to) {
  return std::chrono::duration<double>(to - from).count();
}

std::string age_text(Timestamp from, Timestamp now) {
  const auto whole = std::chrono::duration_cast<hours>(now - from).count();
  if (whole >= 48) return std::to_string(whole / 24) + " days";
  if (whole >= 1) return std::to_string(whole) + " h";
  return std::to_string(std::chrono::duration_cast<minutes>(now - from).count()) + " min";
}

std::vector<double> durations_of(const Repository& repository, std::optional<Kind> kind) {
  std::vector<double> all;
  for (const Backup& backup : repository.backups)
    if (backup.state == State::complete && backup.start && backup.stop && (!kind || backup.kind == *kind))
      all.push_back(seconds_between(*backup.start, *backup.stop));
  return all;
}

std::string_view to_string(Place place) {
  constexpr std::array<std::string_view, 5> k_words = {"unknown", "same_volume", "same_host", "other_host",
                                                       "object_store"};
  return k_words.at(static_cast<std::size_t>(place));
}

std::string_view to_string(Answer answer) {
  constexpr std::array<std::string_view, 3> k_words = {"recoverable", "not_recoverable", "unknown"};
  return k_words.at(static_cast<std::size_t>(answer));
}

std::vector<Verdict> judge(const Evidence& evidence, Timestamp now) {
  std::vector<Verdict> verdicts;
  if (evidence.reading.trouble || evidence.reading.repositories.empty()) {
    Repository nowhere;
    nowhere.trouble =
        evidence.reading.trouble.value_or(Trouble{Reason::no_backups, "there is no repository"});
    verdicts.push_back(judge_repository(evidence, nowhere, now));
    return verdicts;
  }
  for (const Repository& repository : evidence.reading.repositories)
    verdicts.push_back(judge_repository(evidence, repository, now));
  return verdicts;
}

std::string sentence(const Verdict& verdict) {
  switch (verdict.answer) {
    case Answer::recoverable:
      return verdict.until ? "recoverable until " + time_text(*verdict.until) : "recoverable";
    case Answer::not_recoverable:
      return "not recoverable: " + verdict.because.text;
    case Answer::unknown:
      break;
  }
  return "cannot tell: " + verdict.because.text;
}

}  // namespace pgvigil::backups
