#include "agent/notify/gatherer.h"

#include <algorithm>
#include <chrono>
#include <variant>

#include "agent/log/log.h"
#include "agent/notify/clock.h"
#include "agent/notify/outbox.h"
#include "collectors/evidence/definition.h"

namespace pgvigil::agent::notify {
namespace {

using namespace std::chrono_literals;

/// An alert that fires so soon after another is shown what that one was.
constexpr auto k_serves_again = 15s;
/// Looks at all servers together: twenty at once, and one every three seconds.
constexpr double k_per_second = 1.0 / 3;
constexpr double k_burst = 20;
/// Of one look, as text.
constexpr std::size_t k_most_bytes = 32'000;

/// The rows that fit; the others are counted.
bool bound(evidence::Evidence& seen) {
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < seen.rows.size(); ++i) {
    for (const auto& cell : seen.rows[i])
      bytes += cell ? cell->size() + 1 : 1;
    if (bytes <= k_most_bytes) continue;
    seen.left_out += seen.rows.size() - i;
    seen.rows.resize(i);
    return true;
  }
  return false;
}

std::string id_of(const std::string& server, const Question& question, Timestamp at) {
  return server + "/" + question.evidence + "/" + question.database + "/" +
         std::to_string(unix_milliseconds(at));
}

}  // namespace

Gatherer::Gatherer(Store& store, Shared& shared, const Outlook& outlook)
    : store_(store), shared_(shared), outlook_(outlook), limit_(k_per_second, k_burst) {
  for (const evidence::Definition& each : evidence::builtin()) {
    titles_.emplace(each.asks.name, each.asks.help);
    if (each.asks.scope == collectors::Scope::database) of_database_.insert(each.asks.name);
  }
}

void Gatherer::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    std::uint64_t news = 0;
    {
      const std::lock_guard lock(shared_.mutex);
      news = shared_.news;
    }
    if (step(stop)) continue;
    std::unique_lock lock(shared_.mutex);
    shared_.wake.wait(lock, stop, [&] { return shared_.news != news; });
  }
}

/// Looks for what is wanted now. False when nothing is.
bool Gatherer::step(const std::stop_token& stop) {
  const Errands errands = begin(now_ms());
  if (errands.looks.empty() && errands.abandoned.empty()) return false;
  const Seen seen = look(errands.looks, stop);
  if (stop.stop_requested()) return false;  // it is looked for after the next start
  attach(errands, seen);
  return true;
}

/// Notes on the disk that it is begun, so that what ends the process is not done for ever.
Errands Gatherer::begin(Timestamp now) {
  std::vector<Alert> begun;
  Errands errands;
  {
    const std::lock_guard lock(shared_.mutex);
    errands = errands_of(shared_.world.alerts, outlook_.servers_of, of_database_, now);
    std::set<std::string> wanting;
    for (const Errand& errand : errands.looks)
      wanting.insert(errand.alerts.begin(), errand.alerts.end());
    for (const std::string& fingerprint : wanting) {
      Alert& alert = shared_.world.alerts.at(fingerprint);
      ++alert.dossier.looks;
      begun.push_back(alert);
    }
  }
  if (begun.empty()) return errands;
  if (auto transaction = store_.begin()) {
    for (const Alert& alert : begun)
      save_dossier(*transaction, alert);
    (void)transaction->commit();  // if it fails, a crash makes it look once more
  }
  return errands;
}

Gatherer::Seen Gatherer::look(const std::vector<Errand>& errands, const std::stop_token& stop) {
  Seen seen;
  const Timestamp now = now_ms();
  std::erase_if(recent_, [&](const auto& each) { return now - each.second->seen.taken_at > k_serves_again; });
  std::map<std::string, std::vector<Question>> questions;
  for (const Errand& errand : errands) {
    const Key key{errand.server, errand.question};
    if (const auto before = recent_.find(key); before != recent_.end()) {
      seen.insert(*before);
    } else if (limit_.next(now) > now) {
      seen.emplace(key, without(errand.server, errand.question, "too much happened at once"));
      count("skipped");
    } else {
      limit_.take(now);
      questions[errand.server].push_back(errand.question);
    }
  }
  for (const auto& [server, list] : questions)
    if (!stop.stop_requested()) ask(server, list, stop, seen);
  return seen;
}

void Gatherer::ask(const std::string& server,
                   const std::vector<Question>& questions,
                   const std::stop_token& stop,
                   Seen& seen) {
  auto looks = outlook_.look(server, questions, stop);
  if (stop.stop_requested()) return;
  for (std::size_t i = 0; i < std::min(looks.size(), questions.size()); ++i) {
    const auto evidence = taken(server, questions[i], std::move(looks[i]));
    seen.insert_or_assign({server, questions[i]}, evidence);
    recent_.insert_or_assign({server, questions[i]}, evidence);
  }
}

std::shared_ptr<const Evidence> Gatherer::taken(const std::string& server,
                                                const Question& question,
                                                evidence::Look look) {
  if (const auto* unsupported = std::get_if<Unsupported>(&look)) {
    count("unsupported");
    return without(server, question, unsupported->why);
  }
  if (const auto* error = std::get_if<Error>(&look)) {
    count("failed");
    // The kind alone: what a server says of an error may quote what stands in a table.
    return without(server, question, std::string(to_string(error->kind)));
  }
  auto& found = std::get<evidence::Evidence>(look);
  count(bound(found) ? "shortened" : "seen");
  found.taken_at = whole(found.taken_at);
  std::string id = id_of(server, question, found.taken_at);
  return std::make_shared<const Evidence>(Evidence{std::move(id), std::move(found), server});
}

std::shared_ptr<const Evidence> Gatherer::without(const std::string& server,
                                                  const Question& question,
                                                  std::string trouble) {
  const Timestamp now = now_ms();
  Evidence evidence{id_of(server, question, now)};
  const auto title = titles_.find(question.evidence);
  evidence.seen.name = question.evidence;
  evidence.seen.title = title == titles_.end() ? question.evidence : title->second;
  evidence.seen.taken_at = now;
  evidence.server = server;
  evidence.trouble = std::move(trouble);
  return std::make_shared<const Evidence>(std::move(evidence));
}

/// Gives each alert what it wanted, on the disk and then where planning sees it.
void Gatherer::attach(const Errands& errands, const Seen& seen) {
  std::map<std::string, EvidenceList> found;  // by alert
  for (const Errand& errand : errands.looks)
    if (const auto evidence = seen.find({errand.server, errand.question}); evidence != seen.end())
      for (const std::string& fingerprint : errand.alerts)
        found[fingerprint].push_back(evidence->second);
  for (const Abandoned& abandoned : errands.abandoned) {
    found[abandoned.alert];
    count("abandoned");
    log(LogLevel::warning, "evidence_abandoned", {{"why", abandoned.why}});
  }
  std::vector<Alert> complete;
  {
    const std::lock_guard lock(shared_.mutex);
    for (const auto& [fingerprint, evidence] : found) {
      const auto alert = shared_.world.alerts.find(fingerprint);
      if (alert == shared_.world.alerts.end()) continue;
      Alert& copy = complete.emplace_back(alert->second);
      // In the order in which the rule names them.
      for (const std::string& name : copy.dossier.wanted)
        std::ranges::copy_if(evidence, std::back_inserter(copy.dossier.evidence),
                             [&](const auto& each) { return each->seen.name == name; });
      copy.dossier.wanted.clear();
    }
  }
  if (auto transaction = store_.begin()) {
    for (const auto& [key, evidence] : seen)
      save_evidence(*transaction, *evidence);
    for (const Alert& alert : complete)
      save_dossier(*transaction, alert);
    (void)transaction->commit();
  }
  const std::lock_guard lock(shared_.mutex);
  for (Alert& alert : complete) {
    const auto known = shared_.world.alerts.find(fingerprint(*alert.labels));
    if (known != shared_.world.alerts.end() && known->second.fired_at == alert.fired_at)
      known->second.dossier = std::move(alert.dossier);
  }
  shared_.tell_news();
}

void Gatherer::count(const std::string& outcome) {
  const std::lock_guard lock(shared_.mutex);
  ++shared_.looks[outcome];
}

}  // namespace pgvigil::agent::notify
