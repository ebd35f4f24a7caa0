#include "agent/runtime/investigator.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <thread>
#include <utility>

#include "agent/runtime/interview.h"

namespace pgvigil::agent {
namespace {

using evidence::Definition;
using evidence::Evidence;
using evidence::Look;

/// How far back goes what pgvigil itself has seen to change.
constexpr std::chrono::hours k_lately{1};
/// All questions of one moment, and of it the wait for what is not known yet.
constexpr std::chrono::seconds k_longest_look{10};
constexpr std::chrono::seconds k_longest_wait{8};
constexpr std::chrono::milliseconds k_pause{20};

std::optional<long> seconds_of(const std::vector<std::optional<std::string>>& row) {
  return row.back() ? std::optional(std::strtol(row.back()->c_str(), nullptr, 10)) : std::nullopt;
}

/// What the server says of its changes, and what was seen of them from here, the newest first; the latter
/// also when the server gives no answer.
Look with_changes(Look look, const Definition& definition, const StatusBoard& board) {
  const Timestamp now = std::chrono::system_clock::now();
  const auto notes = board.changes(now - k_lately);
  if (notes.empty()) return look;
  Evidence seen{.name = definition.asks.name,
                .title = definition.asks.help,
                .columns = definition.columns,
                .taken_at = now};
  if (auto* of_server = std::get_if<Evidence>(&look)) seen = std::move(*of_server);
  for (const ChangeNote& note : notes) {
    const auto ago = std::chrono::duration_cast<std::chrono::seconds>(now - note.at);
    seen.rows.push_back({note.what, note.name, std::to_string(std::max<long>(ago.count(), 0))});
  }
  std::ranges::stable_sort(seen.rows, [](const auto& one, const auto& other) {
    const auto left = seconds_of(one);
    const auto right = seconds_of(other);
    return left && (!right || *left < *right);
  });
  if (seen.rows.size() > definition.rows) {
    seen.left_out += seen.rows.size() - definition.rows;
    seen.rows.resize(definition.rows);
  }
  return seen;
}

/// After a start, what is known is a moment away.
template <typename Known>
void await(Deadline end, const std::stop_token& stop, Known is_known) {
  end = std::min(end, std::chrono::steady_clock::now() + k_longest_wait);
  while (!is_known() && !stop.stop_requested() && std::chrono::steady_clock::now() < end)
    std::this_thread::sleep_for(k_pause);
}

/// Whether each of these collectors has had an outcome, or is not there.
bool have_outcomes(const std::vector<std::string>& collectors, const StatusBoard& board) {
  return board.in_trouble() || std::ranges::all_of(collectors, [&](const std::string& name) {
           const auto collector = board.collector(name);
           return !collector || collector->state != CollectorState::waiting;
         });
}

/// Why there is nothing: what gives the series has not given them. Nothing when all has.
std::optional<Unsupported> missing(const std::vector<std::string>& collectors, const StatusBoard& board) {
  const auto all = board.collectors();
  for (const std::string& name : collectors) {
    const std::string collector = "the collector '" + name + "'";
    const auto found = std::ranges::find(all, name, &CollectorStatus::name);
    if (found == all.end()) return Unsupported{collector + " is switched off", ""};
    switch (found->state) {
      case CollectorState::good:
        break;
      case CollectorState::waiting:
        return Unsupported{collector + " has collected nothing yet", ""};
      case CollectorState::failed:
        return Unsupported{collector + " could not collect it", ""};
      case CollectorState::unsupported:
        return Unsupported{found->message, found->mend};
    }
  }
  return std::nullopt;
}

}  // namespace

Investigator::Investigator(ReadSeries read) : read_(std::move(read)) {
  for (const Definition& definition : definitions_)
    if (definition.collected)
      collected_.emplace(definition.asks.name, CollectedEvidence::make(definition).value());
}

void Investigator::configure(std::shared_ptr<const Config> config, std::shared_ptr<const WatchList> watches) {
  const std::lock_guard lock(mutex_);
  config_ = std::move(config);
  watches_ = std::move(watches);
}

rules::HistoryNeeds Investigator::needs_of(const std::vector<rules::Rule>& rules) const {
  rules::HistoryNeeds needs;
  for (const rules::Rule& rule : rules)
    for (const std::string& name : rule.evidence)
      if (const auto found = collected_.find(name); found != collected_.end()) found->second.add_needs(needs);
  return needs;
}

ServerKind Investigator::kind_of(const std::string& evidence) const {
  const Definition* definition = definition_of(evidence);
  return definition == nullptr ? ServerKind::postgres : definition->asks.kind;
}

std::shared_ptr<Watch> Investigator::watch_of(const std::string& name, ServerKind kind) const {
  const std::lock_guard lock(mutex_);
  if (watches_)
    for (const auto& watch : *watches_)
      if (watch->server().kind == kind && watch->server().name == name) return watch;
  return nullptr;
}

const Definition* Investigator::definition_of(const std::string& evidence) const {
  const auto found = std::ranges::find(definitions_, evidence,
                                       [](const auto& each) -> const std::string& { return each.asks.name; });
  return found == definitions_.end() ? nullptr : &*found;
}

Look Investigator::look_at_series(const Watch& watch, const Definition& definition) const {
  Look look = Error{ErrorKind::unreachable, "nothing is judged yet"};
  read_(watch, [&](const promql::Queryable& series, Timestamp now) {
    auto seen = collected_.at(definition.asks.name).look(series, now);
    look = seen ? Look(std::move(*seen)) : Look(seen.error());
  });
  const auto* seen = std::get_if<Evidence>(&look);
  if (seen == nullptr || !seen->rows.empty()) return look;
  if (auto why = missing(definition.collected->collectors, watch.board())) return std::move(*why);
  return look;
}

std::vector<Look> Investigator::look(const std::string& name,
                                     const std::vector<notify::Question>& questions,
                                     const std::stop_token& stop) {
  const std::lock_guard lock(one_at_a_time_);
  const auto server = watch_of(name, ServerKind::postgres);
  const Bounds bounds{std::chrono::steady_clock::now() + k_longest_look, stop};
  if (server) await(bounds.end, stop, [&] { return server->board().first_answer_known(); });
  const ServerStatus status = server ? server->board().server() : ServerStatus();
  std::optional<Error> trouble = status.trouble;
  std::optional<Interview> interview;
  if (!trouble && !status.facts) trouble = Error{ErrorKind::unreachable, "the server has not answered yet"};
  if (!trouble) interview.emplace(*server, *status.facts, bounds.end, stop);
  const Asking ask = [&](const Definition& definition, const std::string& database) {
    return interview ? interview->ask(definition, database) : Look(*trouble);
  };
  std::vector<Look> looks;
  for (const notify::Question& question : questions)
    looks.push_back(look_once(name, question, ask, bounds));
  return looks;
}

Look Investigator::look_once(const std::string& name,
                             const notify::Question& question,
                             const Asking& ask,
                             const Bounds& bounds) const {
  const Definition* definition = definition_of(question.evidence);
  if (definition == nullptr)
    return Error{ErrorKind::configuration, "there is no evidence '" + question.evidence + "'"};
  const auto watch = watch_of(name, definition->asks.kind);
  if (!watch) return Error{ErrorKind::configuration, "it is not watched any more"};
  if (!definition->collected) {
    Look look = ask(*definition, question.database);
    return definition->adds_changes ? with_changes(std::move(look), *definition, watch->board()) : look;
  }
  await(bounds.end, bounds.stop,
        [&] { return have_outcomes(definition->collected->collectors, watch->board()); });
  Look look = look_at_series(*watch, *definition);
  auto* seen = std::get_if<Evidence>(&look);
  if (seen == nullptr || seen->rows.empty() || definition->collected->completes.empty()) return look;
  const Look of_server = ask(completing(*definition), question.database);
  if (const auto* more = std::get_if<Evidence>(&of_server)) complete(*seen, *more, definition->collected->by);
  return look;
}

}  // namespace pgvigil::agent
