#include "agent/notify/outbox.h"

#include <array>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "agent/notify/message/evidence_text.h"

namespace pgvigil::agent {
namespace {

using nlohmann::json;
using notify::Alert;
using notify::GroupState;
using notify::Silence;

constexpr std::array<std::string_view, 2> k_steps = {R"(
CREATE TABLE outbox_alerts (fingerprint TEXT PRIMARY KEY, fired_at INTEGER NOT NULL, resolved_at INTEGER, alert TEXT NOT NULL);
CREATE TABLE outbox_groups (
  receiver TEXT NOT NULL, key TEXT NOT NULL, state TEXT NOT NULL, PRIMARY KEY (receiver, key)) WITHOUT ROWID;
CREATE TABLE silences (id TEXT PRIMARY KEY, silence TEXT NOT NULL);
)",
                                                     R"(
CREATE TABLE outbox_evidence (id TEXT PRIMARY KEY, evidence TEXT NOT NULL);
CREATE TABLE outbox_dossiers (fingerprint TEXT PRIMARY KEY, fired_at INTEGER NOT NULL, dossier TEXT NOT NULL);
)"};

std::string text_of(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

json time_json(const std::optional<Timestamp>& time) {
  return time ? json(unix_milliseconds(*time)) : json();
}

/// Whatever is not as we write it throws, and the row is left out.
std::optional<Timestamp> time_from(const json& value) {
  if (value.is_null()) return std::nullopt;
  return from_unix_milliseconds(value.get<std::int64_t>());
}

json pairs_json(const promql::Labels& labels) {
  json list = json::array();
  for (std::size_t i = 0; i < labels.size(); ++i)
    list.push_back({labels[i].name, labels[i].value});
  return list;
}

using Pairs = std::vector<std::pair<std::string, std::string>>;

json json_of(const Alert& alert) {
  return {{"labels", pairs_json(*alert.labels)},
          {"annotations", alert.annotations},
          {"value", alert.value},  // NaN is null
          {"unknown", time_json(alert.unknown_since)},
          {"flapping", alert.flapping},
          {"cluster", alert.of_cluster}};
}

Alert alert_from(const SqlRow& row) {
  const json value = json::parse(row.text(2));
  Alert alert;
  alert.labels = promql::Labels::make(value.at("labels").get<Pairs>());
  alert.annotations = value.at("annotations").get<Pairs>();
  alert.value = value.at("value").is_number() ? value.at("value").get<double>()
                                              : std::numeric_limits<double>::quiet_NaN();
  alert.fired_at = row.time(0);
  if (!row.is_null(1)) alert.resolved_at = row.time(1);
  alert.unknown_since = time_from(value.at("unknown"));
  alert.flapping = value.at("flapping").get<bool>();
  alert.of_cluster = value.value("cluster", false);
  return alert;
}

json json_of(const notify::Dossier& dossier) {
  json ids = json::array();
  for (const auto& evidence : dossier.evidence)
    ids.push_back(evidence->id);
  return {{"wanted", dossier.wanted},
          {"since", unix_milliseconds(dossier.since)},
          {"looks", dossier.looks},
          {"evidence", ids}};
}

json json_of(const notify::Evidence& evidence) {
  return {{"server", evidence.server},
          {"trouble", evidence.trouble},
          {"seen", json::parse(evidence_json(evidence.seen))}};
}

notify::Evidence evidence_from(std::string id, const json& value) {
  return {std::move(id), evidence_from_json(value.at("seen").dump()).value(), value.at("server"),
          value.at("trouble")};
}

json json_of(const GroupState& state) {
  json told = json::object();
  for (const auto& [fingerprint, one] : state.told)
    told[fingerprint] = {std::to_underlying(one.stage), unix_milliseconds(one.fired_at),
                         unix_milliseconds(one.owed_since), one.attempted, one.incomplete};
  return {{"told", std::move(told)},
          {"opened_at", time_json(state.opened_at)},
          {"last_sent", time_json(state.last_sent)},
          {"sequence", state.sequence},
          {"memory", state.memory},
          {"refused", state.refused}};
}

GroupState group_from(const json& value) {
  GroupState state;
  for (const auto& [fingerprint, one] : value.at("told").items()) {
    const auto stage = one.at(0).get<std::uint8_t>();
    if (stage > std::to_underlying(notify::Stage::done)) continue;
    state.told[fingerprint] = {notify::Stage{stage}, from_unix_milliseconds(one.at(1).get<std::int64_t>()),
                               from_unix_milliseconds(one.at(2).get<std::int64_t>()), one.at(3).get<bool>(),
                               one.size() > 4 && one.at(4).get<bool>()};
  }
  state.opened_at = time_from(value.at("opened_at"));
  state.last_sent = time_from(value.at("last_sent"));
  state.sequence = value.at("sequence").get<std::uint64_t>();
  state.memory = value.at("memory").get<std::string>();
  state.refused = value.at("refused").get<std::string>();
  return state;
}

json json_of(const Silence& silence) {
  json matchers = json::array();
  for (const notify::Matcher& matcher : silence.matchers)
    matchers.push_back(promql::to_string(matcher));
  return {{"matchers", std::move(matchers)},
          {"starts_at", unix_milliseconds(silence.starts_at)},
          {"ends_at", unix_milliseconds(silence.ends_at)},
          {"updated_at", unix_milliseconds(silence.updated_at)},
          {"author", silence.author},
          {"comment", silence.comment}};
}

Silence silence_from(std::string id, const json& value) {
  Silence silence{std::move(id),
                  {},
                  *time_from(value.at("starts_at")),
                  *time_from(value.at("ends_at")),
                  value.at("author"),
                  value.at("comment"),
                  *time_from(value.at("updated_at"))};
  for (const json& text : value.at("matchers"))
    silence.matchers.push_back(notify::parse_matcher(text.get<std::string>()).value());
  return silence;
}

/// Hands each row to `take`, which may throw at one that is none of ours.
template <typename Take>
bool read(Transaction& transaction, std::string_view sql, Take take) {
  return transaction
      .query(sql, {},
             [&](const SqlRow& row) {
               try {
                 take(row);
               } catch (const std::exception&) {  // not as we write it: left out
               }
             })
      .has_value();
}

/// Gives the alerts what was seen behind them.
void load_dossiers(Transaction& transaction, std::vector<Alert>& alerts) {
  std::map<std::string, std::shared_ptr<const notify::Evidence>, std::less<>> known;
  read(transaction, "SELECT id, evidence FROM outbox_evidence", [&](const SqlRow& row) {
    const std::string id(row.text(0));
    known.emplace(id, std::make_shared<const notify::Evidence>(evidence_from(id, json::parse(row.text(1)))));
  });
  std::map<std::pair<std::string, Timestamp>, notify::Dossier> dossiers;
  read(transaction, "SELECT fingerprint, fired_at, dossier FROM outbox_dossiers", [&](const SqlRow& row) {
    const json value = json::parse(row.text(2));
    notify::Dossier dossier{value.at("wanted").get<std::vector<std::string>>(), *time_from(value.at("since")),
                            value.at("looks").get<unsigned>()};
    for (const json& id : value.at("evidence"))
      if (const auto evidence = known.find(id.get<std::string>()); evidence != known.end())
        dossier.evidence.push_back(evidence->second);
    dossiers.emplace(std::pair(std::string(row.text(0)), row.time(1)), std::move(dossier));
  });
  for (Alert& alert : alerts)
    if (const auto found = dossiers.find({notify::fingerprint(*alert.labels), alert.fired_at});
        found != dossiers.end())
      alert.dossier = std::move(found->second);
}

}  // namespace

const StoreRoom k_outbox_room{"outbox", k_steps};

void save_outbox_alert(Transaction& transaction, const Alert& alert) {
  const auto resolved =
      alert.resolved_at ? SqlValue(unix_milliseconds(*alert.resolved_at)) : SqlValue(nullptr);
  (void)transaction.run(
      "INSERT INTO outbox_alerts (fingerprint, fired_at, resolved_at, alert) VALUES (?, ?, ?, ?) "
      "ON CONFLICT (fingerprint) DO UPDATE SET fired_at = excluded.fired_at, resolved_at = "
      "excluded.resolved_at, "
      "alert = excluded.alert",
      {notify::fingerprint(*alert.labels), unix_milliseconds(alert.fired_at), resolved,
       text_of(json_of(alert))});
}

void forget_outbox_alert(Transaction& transaction, const std::string& fingerprint, Timestamp fired_at) {
  (void)transaction.run(
      "DELETE FROM outbox_alerts WHERE fingerprint = ? AND fired_at = ? AND resolved_at IS NOT NULL",
      {fingerprint, unix_milliseconds(fired_at)});
}

void save_dossier(Transaction& transaction, const Alert& alert) {
  (void)transaction.run(
      "INSERT OR REPLACE INTO outbox_dossiers (fingerprint, fired_at, dossier) VALUES (?, ?, ?)",
      {notify::fingerprint(*alert.labels), unix_milliseconds(alert.fired_at),
       text_of(json_of(alert.dossier))});
}

void save_evidence(Transaction& transaction, const notify::Evidence& evidence) {
  (void)transaction.run("INSERT OR REPLACE INTO outbox_evidence (id, evidence) VALUES (?, ?)",
                        {evidence.id, text_of(json_of(evidence))});
}

void forget_unused_evidence(Transaction& transaction) {
  (void)transaction.run(
      "DELETE FROM outbox_dossiers WHERE NOT EXISTS (SELECT 1 FROM outbox_alerts a "
      "WHERE a.fingerprint = outbox_dossiers.fingerprint AND a.fired_at = outbox_dossiers.fired_at)");
  (void)transaction.run(
      "DELETE FROM outbox_evidence WHERE id NOT IN "
      "(SELECT e.value FROM outbox_dossiers d, json_each(d.dossier, '$.evidence') e)");
}

void save_outbox_group(Transaction& transaction,
                       const std::string& receiver,
                       const std::string& group,
                       const GroupState& state) {
  if (state.told.empty()) {
    (void)transaction.run("DELETE FROM outbox_groups WHERE receiver = ? AND key = ?", {receiver, group});
    return;
  }
  (void)transaction.run("INSERT OR REPLACE INTO outbox_groups (receiver, key, state) VALUES (?, ?, ?)",
                        {receiver, group, text_of(json_of(state))});
}

void save_silence(Transaction& transaction, const Silence& silence) {
  (void)transaction.run("INSERT OR REPLACE INTO silences (id, silence) VALUES (?, ?)",
                        {silence.id, text_of(json_of(silence))});
}

void forget_silence(Transaction& transaction, const std::string& id) {
  (void)transaction.run("DELETE FROM silences WHERE id = ?", {id});
}

std::expected<Outbox, Error> load_outbox(Store& store) {
  auto transaction = store.begin();
  if (!transaction) return std::unexpected(transaction.error());
  Outbox outbox;
  read(*transaction, "SELECT fired_at, resolved_at, alert FROM outbox_alerts",
       [&](const SqlRow& row) { outbox.alerts.push_back(alert_from(row)); });
  load_dossiers(*transaction, outbox.alerts);
  read(*transaction, "SELECT receiver, key, state FROM outbox_groups", [&](const SqlRow& row) {
    outbox.groups[std::string(row.text(0))][std::string(row.text(1))] = group_from(json::parse(row.text(2)));
  });
  read(*transaction, "SELECT id, silence FROM silences", [&](const SqlRow& row) {
    outbox.silences.push_back(silence_from(std::string(row.text(0)), json::parse(row.text(1))));
  });
  if (auto done = transaction->commit(); !done) return std::unexpected(done.error());
  return outbox;
}

}  // namespace pgvigil::agent
