#include "agent/store/alerts.h"

#include <array>
#include <nlohmann/json.hpp>
#include <utility>

namespace pgvigil::agent {
namespace {

using nlohmann::json;
using rules::Alert;
using rules::AlertPhase;
using rules::AlertState;
using rules::milliseconds;

constexpr std::array<std::string_view, 1> k_steps = {R"(
CREATE TABLE alerts (
  rule TEXT NOT NULL, labels TEXT NOT NULL, series TEXT NOT NULL, annotations TEXT NOT NULL,
  phase TEXT NOT NULL, value REAL,
  active_since INTEGER NOT NULL, firing_since INTEGER NOT NULL,
  observed INTEGER NOT NULL, observed_gone INTEGER NOT NULL,
  last_look INTEGER, unknown_since INTEGER, changes TEXT NOT NULL,
  flapping INTEGER NOT NULL, last_held INTEGER NOT NULL,
  PRIMARY KEY (rule, labels)) WITHOUT ROWID;
CREATE TABLE events (
  id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, rule TEXT NOT NULL, transition TEXT NOT NULL,
  severity TEXT NOT NULL, labels TEXT NOT NULL, value REAL);
)"};

std::string text_of(const promql::Labels& labels) {
  json object = json::object();
  for (std::size_t i = 0; i < labels.size(); ++i)
    object[std::string(labels[i].name)] = labels[i].value;
  return object.dump(-1, ' ', false, json::error_handler_t::replace);
}

/// Null when the text is none of ours.
promql::LabelsPtr labels_from(std::string_view text) {
  const json object = json::parse(text, nullptr, false);
  if (!object.is_object()) return nullptr;
  std::vector<std::pair<std::string, std::string>> labels;
  for (const auto& [name, value] : object.items()) {
    if (!value.is_string()) return nullptr;
    labels.emplace_back(name, value.get<std::string>());
  }
  return promql::Labels::make(std::move(labels));
}

std::string text_of(const std::vector<std::pair<std::string, std::string>>& annotations) {
  json list = json::array();
  for (const auto& [name, text] : annotations)
    list.push_back({name, text});
  return list.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::vector<std::pair<std::string, std::string>> annotations_from(std::string_view text) {
  std::vector<std::pair<std::string, std::string>> annotations;
  const json list = json::parse(text, nullptr, false);
  if (!list.is_array()) return annotations;
  for (const json& one : list)
    if (one.is_array() && one.size() == 2 && one[0].is_string() && one[1].is_string())
      annotations.emplace_back(one[0].get<std::string>(), one[1].get<std::string>());
  return annotations;
}

std::string text_of(const std::vector<Timestamp>& times) {
  json list = json::array();
  for (Timestamp time : times)
    list.push_back(unix_milliseconds(time));
  return list.dump();
}

std::vector<Timestamp> times_from(std::string_view text) {
  std::vector<Timestamp> times;
  const json list = json::parse(text, nullptr, false);
  if (!list.is_array()) return times;
  for (const json& one : list)
    if (one.is_number_integer()) times.push_back(from_unix_milliseconds(one.get<std::int64_t>()));
  return times;
}

SqlValue value_of(const std::optional<Timestamp>& time) {
  if (!time) return nullptr;
  return unix_milliseconds(*time);
}

std::optional<Timestamp> time_from(const SqlRow& row, int column) {
  if (row.is_null(column)) return std::nullopt;
  return row.time(column);
}

std::optional<AlertPhase> phase_from(std::string_view word) {
  for (AlertPhase phase : {AlertPhase::inactive, AlertPhase::pending, AlertPhase::firing})
    if (rules::to_string(phase) == word) return phase;
  return std::nullopt;
}

std::optional<Alert> alert_from(const SqlRow& row) {
  const auto phase = phase_from(row.text(4));
  Alert alert{labels_from(row.text(1)), labels_from(row.text(2)), {}, annotations_from(row.text(3))};
  if (!phase || alert.labels == nullptr || alert.series == nullptr) return std::nullopt;
  alert.state = {.phase = *phase,
                 .value = row.real(5),
                 .active_since = row.time(6),
                 .firing_since = row.time(7),
                 .observed = milliseconds(row.integer(8)),
                 .observed_gone = milliseconds(row.integer(9)),
                 .last_look = time_from(row, 10),
                 .unknown_since = time_from(row, 11),
                 .changes = times_from(row.text(12)),
                 .flapping = row.integer(13) != 0,
                 .last_held = row.integer(14) != 0};
  return alert;
}

std::int64_t integer(bool value) {
  return value ? 1 : 0;
}

void save_alert(Transaction& transaction, std::string_view rule, const Alert& alert) {
  const AlertState& state = alert.state;
  (void)transaction.run(
      "INSERT INTO alerts (rule, labels, series, annotations, phase, value, active_since, firing_since, "
      "observed, "
      "observed_gone, last_look, unknown_since, changes, flapping, last_held) "
      "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      {rule, text_of(*alert.labels), text_of(*alert.series), text_of(alert.annotations),
       rules::to_string(state.phase), state.value, unix_milliseconds(state.active_since),
       unix_milliseconds(state.firing_since), std::int64_t{state.observed.count()},
       std::int64_t{state.observed_gone.count()}, value_of(state.last_look), value_of(state.unknown_since),
       text_of(state.changes), integer(state.flapping), integer(state.last_held)});
}

}  // namespace

const StoreRoom k_alerts_room{"alerts", k_steps};

void save_alerts(Transaction& transaction, std::string_view rule, const rules::Alerts& alerts) {
  (void)transaction.run("DELETE FROM alerts WHERE rule = ?", {rule});
  for (const auto& [labels, alert] : alerts)
    save_alert(transaction, rule, alert);
}

std::expected<std::map<std::string, rules::Alerts>, Error> load_alerts(Store& store) {
  auto transaction = store.begin();
  if (!transaction) return std::unexpected(transaction.error());
  std::map<std::string, rules::Alerts> all;
  const auto read = transaction->query(
      "SELECT rule, labels, series, annotations, phase, value, active_since, firing_since, observed, "
      "observed_gone, "
      "last_look, unknown_since, changes, flapping, last_held FROM alerts",
      {}, [&](const SqlRow& row) {
        if (auto alert = alert_from(row))
          all[std::string(row.text(0))].emplace(alert->labels, std::move(*alert));
      });
  if (!read) return std::unexpected(read.error());
  return all;
}

void add_event(Transaction& transaction,
               const rules::Rule& rule,
               const rules::AlertEvent& event,
               Timestamp at) {
  (void)transaction.run(
      "INSERT INTO events (at, rule, transition, severity, labels, value) VALUES (?, ?, ?, ?, ?, ?)",
      {unix_milliseconds(at), rule.name, rules::to_string(event.transition),
       event.alert.labels->get("severity"), text_of(*event.alert.labels), event.alert.state.value});
}

void forget_old_events(Transaction& transaction, Timestamp now, const EventBounds& bounds) {
  (void)transaction.run("DELETE FROM events WHERE at < ?", {unix_milliseconds(now - bounds.age)});
  (void)transaction.run("DELETE FROM events WHERE id <= (SELECT max(id) FROM events) - ?", {bounds.rows});
}

std::expected<std::vector<AlertHistoryRow>, Error> last_events(Store& store, std::int64_t most) {
  auto transaction = store.begin();
  if (!transaction) return std::unexpected(transaction.error());
  std::vector<AlertHistoryRow> rows;
  const auto read = transaction->query(
      "SELECT id, at, rule, transition, severity, labels, value FROM events ORDER BY id DESC LIMIT ?", {most},
      [&](const SqlRow& row) {
        auto labels = labels_from(row.text(5));
        if (labels == nullptr) return;
        rows.push_back({row.integer(0), row.time(1), std::string(row.text(2)), std::string(row.text(3)),
                        std::string(row.text(4)), std::move(labels), row.real(6)});
      });
  if (!read) return std::unexpected(read.error());
  return rows;
}

}  // namespace pgvigil::agent
