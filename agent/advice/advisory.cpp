#include "agent/advice/advisory.h"

#include <malloc.h>

#include <algorithm>
#include <set>

#include "agent/advice/advice_table.h"
#include "agent/advice/run_notes.h"
#include "agent/log/log.h"

namespace pgvigil::agent {
namespace {

using rules::advice::Advice;
using rules::advice::Opinion;

/// A server that just started, or was just restarted, has other things to do.
constexpr std::chrono::minutes k_first_look{5};
/// Pieces of advice of one kind for one server that are kept with their evidence; the ledger knows all.
constexpr std::size_t k_most_of_a_kind = 500;
/// The name under which its series are published.
const std::string k_collector = "advice";

/// Whether the opinions would have found the entry again.
bool could_see(const Opinions& opinions, const LedgerEntry& entry) {
  const auto own = std::ranges::find(opinions, entry.kind, &Opinion::kind);
  return own != opinions.end() && !own->blind && !own->unseen.contains(entry.datname);
}

bool has_advice(const Opinion& opinion, const std::string& id) {
  return std::ranges::find(opinion.advice, id, &Advice::id) != opinion.advice.end();
}

void order_and_bound(Opinion& opinion) {
  std::ranges::stable_sort(opinion.advice, std::ranges::greater{},
                           [](const Advice& advice) { return advice.impact.value; });
  if (opinion.advice.size() <= k_most_of_a_kind) return;
  opinion.unsure.push_back(std::to_string(opinion.advice.size() - k_most_of_a_kind) +
                           " more of this kind are not shown.");
  opinion.advice.erase(opinion.advice.begin() + k_most_of_a_kind, opinion.advice.end());
}

/// The first of each kind, then the second of each, …: no kind takes the place of all others.
std::vector<Advice> in_turn(const Opinions& opinions, std::size_t most, auto is_told) {
  std::vector<std::pair<std::size_t, const Advice*>> ranked;
  for (const Opinion& opinion : opinions) {
    std::size_t rank = 0;
    for (const Advice& advice : opinion.advice)
      if (is_told(advice)) ranked.emplace_back(rank++, &advice);
  }
  std::ranges::stable_sort(ranked, {}, [](const auto& each) { return each.first; });
  std::vector<Advice> told;
  for (const auto& [rank, advice] : ranked)
    if (told.size() < most) told.push_back(*advice);
  return told;
}

}  // namespace

Advisory::Advisory(Store& store) : store_(store), interrupt_(std::make_shared<postgres::Interrupt>()) {
  if (auto ledger = load_ledger(store)) ledger_ = std::move(*ledger);
  if (auto dismissals = load_dismissals(store, std::chrono::system_clock::now()))
    dismissals_ = std::move(*dismissals);
  thread_ = std::jthread([this](const std::stop_token& stop) { work(stop); });
}

Advisory::~Advisory() {
  stop();
}

void Advisory::stop() {
  thread_.request_stop();
  {
    const std::lock_guard lock(mutex_);
    interrupt_->raise();
  }
  if (thread_.joinable()) thread_.join();
}

void Advisory::configure(std::shared_ptr<const Config> config, std::shared_ptr<const WatchList> watches) {
  const std::lock_guard publishing(publish_mutex_);
  const std::lock_guard lock(mutex_);
  interrupt_->raise();  // what it looks at may be gone
  due_ = Clock::now() + std::min<Clock::duration>(config->advice.every, k_first_look);
  if (!config->advice.enabled) {
    board_.clear();
    for (const auto& watch : *watches) {
      watch->snapshot().withdraw(k_collector);
      watch->board().update_server([](ServerStatus& server) { server.advice.reset(); });
    }
  }
  std::erase_if(board_, [&](const auto& entry) {
    return std::ranges::none_of(*watches,
                                [&](const auto& watch) { return watch->server().name == entry.first; });
  });
  config_ = std::move(config);
  watches_ = std::move(watches);
  changed_.notify_all();
}

AdviceBoard Advisory::board() const {
  const std::lock_guard lock(mutex_);
  return board_;
}

Dismissals Advisory::dismissals() const {
  const std::lock_guard lock(mutex_);
  return dismissals_;
}

std::expected<void, Error> Advisory::dismiss(const std::string& id,
                                             const std::optional<std::string>& server,
                                             const Dismissal& dismissal) {
  std::set<LedgerKey> keys;
  for (const auto& [name, advice] : board())
    for (const Opinion& opinion : *advice.opinions)
      if ((!server || *server == name) && has_advice(opinion, id)) keys.emplace(name, id);
  if (keys.empty())
    return std::unexpected(Error{ErrorKind::configuration, "no advice with the id '" + id + "' stands",
                                 "GET /api/v1/advice has the ids of what does."});
  std::shared_ptr<const Config> config;
  std::shared_ptr<const WatchList> watches;
  for (const LedgerKey& key : keys) {
    if (auto saved = save_dismissal(store_, key, dismissal, std::chrono::system_clock::now()); !saved)
      return saved;
    const std::lock_guard lock(mutex_);
    dismissals_.insert_or_assign(key, dismissal);
    config = config_;
    watches = watches_;
  }
  const std::lock_guard publishing(publish_mutex_);
  for (const auto& watch : *watches)
    if (keys.contains({watch->server().name, id}) && watch->server().kind == ServerKind::postgres)
      publish(*config, *watch);
  return {};
}

void Advisory::work(const std::stop_token& stop) {
  while (const auto order = wait(stop)) {
    for (const auto& watch : *order->watches)
      if (watch->server().kind == ServerKind::postgres && !order->interrupt->raised())
        look_at(*order, *watch);
    malloc_trim(0);  // the tables of a look are large, and the next one is far
  }
}

/// Until it is time for the next look; nothing when the program ends. The interval begins when a look ends,
/// so that a slow server has its rest.
std::optional<Advisory::Order> Advisory::wait(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  if (!due_ && config_) due_ = Clock::now() + config_->advice.every;
  while (!stop.stop_requested()) {
    const auto planned = due_;
    const auto is_replanned = [&] { return due_ != planned; };
    if (!config_ || !config_->advice.enabled) {
      changed_.wait(lock, stop, is_replanned);
    } else if (!changed_.wait_until(lock, stop, *planned, is_replanned) && Clock::now() >= *planned &&
               !stop.stop_requested()) {
      due_.reset();
      interrupt_ = std::make_shared<postgres::Interrupt>();
      return Order{config_, watches_, interrupt_};
    }
  }
  return std::nullopt;
}

void Advisory::look_at(const Order& order, const Watch& watch) {
  const std::string& server = watch.server().name;
  const auto start = Clock::now();
  auto consultation =
      consult(*order.config, watch.server(), enabled_advisors(*order.config), *order.interrupt);
  if (order.interrupt->raised()) return;
  note_run(watch.board(), start, consultation);
  if (!consultation) return note_trouble(server, consultation.error());
  note(server, consultation->opinions, consultation->at, *order.config);

  const std::lock_guard publishing(publish_mutex_);
  // Another configuration may have withdrawn the server, or all advice.
  if (order.interrupt->raised()) return;
  auto before = std::make_shared<const Opinions>();
  if (const auto board = this->board(); board.contains(server)) before = board.at(server).opinions;
  auto after = std::make_shared<const Opinions>(standing(server, *before, std::move(consultation->opinions)));
  {
    const std::lock_guard lock(mutex_);
    board_[server] = {consultation->at, "", std::move(after)};
  }
  publish(*order.config, watch);
}

void Advisory::note_trouble(const std::string& server, const Error& error) {
  const std::lock_guard lock(mutex_);
  std::string& trouble = board_[server].trouble;
  if (trouble == error.message) return;
  trouble = error.message;
  log(LogLevel::warning, "advice_failed", {{"server", server}, {"error", error.message}});
}

/// Enters a look into the ledger. What a blind advisor had found before stays as it was.
void Advisory::note(const std::string& server,
                    const Opinions& opinions,
                    Timestamp now,
                    const Config& config) {
  std::vector<LedgerKey> touched;
  std::map<LedgerKey, const Advice*> found;
  for (const Opinion& opinion : opinions)
    for (const Advice& advice : opinion.advice)
      found.emplace(LedgerKey{server, advice.id}, &advice);
  for (auto at = ledger_.begin(); at != ledger_.end();) {
    const auto each = at++;
    auto& [key, entry] = *each;
    if (key.first != server || found.contains(key) || !could_see(opinions, entry)) continue;
    touched.push_back(key);
    if (const auto next = after_missed(entry.standing, config.advice.steadiness))
      entry.standing = *next;
    else
      ledger_.erase(each);
  }
  for (const auto& [key, advice] : found) {
    const auto before = ledger_.find(key);
    const auto standing = before == ledger_.end() ? std::nullopt : std::optional(before->second.standing);
    ledger_.insert_or_assign(
        key, LedgerEntry{advice->kind, advice->object.datname,
                         after_found(standing, now, advice->unproven_for, config.advice.steadiness)});
    touched.push_back(key);
  }
  keep_ledger(server, touched);
}

/// What cannot be kept now is with the next look: every entry is written as a whole.
void Advisory::keep_ledger(const std::string& server, const std::vector<LedgerKey>& touched) {
  if (touched.empty()) return;
  const auto write = [&]() -> std::expected<void, Error> {
    auto transaction = store_.begin();
    if (!transaction) return std::unexpected(transaction.error());
    for (const LedgerKey& key : touched)
      if (const auto entry = ledger_.find(key); entry != ledger_.end())
        save_entry(*transaction, key, entry->second);
      else
        remove_entry(*transaction, key);
    return transaction->commit();
  };
  if (const auto kept = write(); !kept)
    log(LogLevel::warning, "advice_not_kept", {{"server", server}, {"error", kept.error().message}});
}

/// Of what a look has found, that which the ledger holds for steady; and what was told before and was not
/// found now, until the ledger says that it is over.
Opinions Advisory::standing(const std::string& server, const Opinions& before, Opinions now) const {
  const auto open = [&](const Advice& advice) {
    const auto entry = ledger_.find({server, advice.id});
    return entry != ledger_.end() && entry->second.standing.open;
  };
  for (Opinion& opinion : now) {
    std::erase_if(opinion.advice, [&](const Advice& advice) { return !open(advice); });
    const auto old = std::ranges::find(before, opinion.kind, &Opinion::kind);
    if (old != before.end())
      for (const Advice& advice : old->advice)
        if (open(advice) && !has_advice(opinion, advice.id)) opinion.advice.push_back(advice);
    for (Advice& advice : opinion.advice)
      advice.first_seen = ledger_.at({server, advice.id}).standing.first_seen;
    order_and_bound(opinion);
  }
  return now;
}

/// The series of what stands and nobody has dismissed. For who holds publish_mutex_.
void Advisory::publish(const Config& config, const Watch& watch) {
  const std::string& server = watch.server().name;
  const auto now = std::chrono::system_clock::now();
  ServerAdvice advised;
  Dismissals dismissed;
  {
    const std::lock_guard lock(mutex_);
    const auto known = board_.find(server);
    if (known == board_.end() || !known->second.looked_at) return;
    advised = known->second;
    dismissed = dismissals_;
  }
  const auto is_told = [&](const Advice& advice) {
    const auto found = dismissed.find({server, advice.id});
    return found == dismissed.end() || found->second.until <= now;
  };
  note_findings(watch.board(), *advised.opinions, is_told);
  const auto told = in_turn(*advised.opinions, config.advice.top, is_told);
  // By the age of the look: a dismissal does not make it younger.
  const auto left = config.advice.every * std::max(config.stale_after, 1) - (now - *advised.looked_at);
  watch.snapshot().publish(k_collector, advice_table(told, config.advice.top, now), Clock::now() + left);
}

}  // namespace pgvigil::agent
