#include "agent/watching/target/itinerary.h"

#include <algorithm>

namespace pgvigil::agent {
namespace {

constexpr std::chrono::seconds k_first_pause{15};
constexpr std::chrono::minutes k_longest_pause{5};

bool may_be_gone(const Error& error) {
  return error.kind == ErrorKind::undefined || error.kind == ErrorKind::not_accepting;
}

}  // namespace

Itinerary::Change Itinerary::set(std::vector<std::string> databases) {
  Change change;
  std::map<std::string, Troubles> next;
  for (std::string& database : databases) {
    const auto known = databases_.find(database);
    if (known == databases_.end()) change.added.push_back(database);
    next.emplace(std::move(database), known == databases_.end() ? Troubles{} : std::move(known->second));
  }
  for (const auto& [database, troubles] : databases_)
    if (!next.contains(database)) change.dropped.push_back(database);
  databases_ = std::move(next);
  return change;
}

std::vector<std::string> Itinerary::visits(Clock::time_point now) const {
  std::vector<std::string> order;
  std::vector<std::pair<Clock::time_point, std::string>> retried;
  for (const auto& [database, troubles] : databases_) {
    const auto whole = troubles.find(std::nullopt);
    if (whole == troubles.end())
      order.push_back(database);
    else if (whole->second.retry <= now)
      retried.emplace_back(whole->second.retry, database);
  }
  std::ranges::sort(retried);
  for (auto& [retry, database] : retried)
    order.push_back(std::move(database));
  return order;
}

bool Itinerary::is_well(const std::string& database) const {
  const auto found = databases_.find(database);
  return found == databases_.end() || !found->second.contains(std::nullopt);
}

bool Itinerary::may_run(const std::string& database, std::size_t job, Clock::time_point now) const {
  const auto found = databases_.find(database);
  if (found == databases_.end()) return false;
  const auto trouble = found->second.find(job);
  return trouble == found->second.end() || trouble->second.retry <= now;
}

bool Itinerary::failed(const std::string& database, const Error& error, Clock::time_point now) {
  return note(database, std::nullopt, error, now);
}
bool Itinerary::failed(const std::string& database,
                       std::size_t job,
                       const Error& error,
                       Clock::time_point now) {
  return note(database, job, error, now);
}
bool Itinerary::succeeded(const std::string& database) {
  return forget(database, std::nullopt);
}
bool Itinerary::succeeded(const std::string& database, std::size_t job) {
  return forget(database, job);
}

bool Itinerary::note(const std::string& database,
                     std::optional<std::size_t> job,
                     const Error& error,
                     Clock::time_point now) {
  const auto found = databases_.find(database);
  if (found == databases_.end()) return false;
  const auto [place, is_new] = found->second.try_emplace(job);
  Trouble& trouble = place->second;
  if (is_new) trouble.since = std::chrono::system_clock::now();
  trouble.error = error;
  ++trouble.failures;
  const bool second_chance = !job && trouble.failures == 1 && may_be_gone(error);
  const auto pause = k_first_pause * (1 << std::min(trouble.failures - 1, 10));
  trouble.retry = second_chance ? now : now + std::min<Clock::duration>(k_longest_pause, pause);
  trouble.told = trouble.told || !second_chance;
  return trouble.told;
}

bool Itinerary::forget(const std::string& database, std::optional<std::size_t> job) {
  const auto found = databases_.find(database);
  if (found == databases_.end()) return false;
  const auto trouble = found->second.find(job);
  if (trouble == found->second.end()) return false;
  const bool told = trouble->second.told;
  found->second.erase(trouble);
  return told;
}

std::map<std::string, Itinerary::Troubles> Itinerary::troubles() const {
  std::map<std::string, Troubles> told;
  for (const auto& [database, troubles] : databases_)
    for (const auto& [job, trouble] : troubles)
      if (trouble.told) told[database].emplace(job, trouble);
  return told;
}

std::optional<Error> Itinerary::last_trouble(std::size_t job) const {
  const Trouble* last = nullptr;
  for (const auto& [database, troubles] : databases_)
    for (const auto& [number, trouble] : troubles)
      if ((!number || number == job) && (last == nullptr || trouble.retry > last->retry)) last = &trouble;
  return last == nullptr ? std::nullopt : std::optional(last->error);
}

}  // namespace pgvigil::agent
