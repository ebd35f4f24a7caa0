#include "agent/notify/notifier.h"

#include <algorithm>
#include <random>
#include <utility>

#include "agent/notify/text.h"
#include "agent/runtime/log.h"
#include "agent/store/outbox.h"

namespace pgvigil::agent::notify {
namespace {

using std::chrono::system_clock;
using namespace std::chrono_literals;

constexpr std::size_t k_most_decisions = 1'000;
constexpr auto k_silence_retention = std::chrono::hours(24 * 5);

Timestamp now_ms() { return std::chrono::floor<std::chrono::milliseconds>(system_clock::now()); }

Timestamp whole(Timestamp time) { return std::chrono::floor<std::chrono::milliseconds>(time); }

double random_share() {
  static thread_local std::mt19937_64 engine{std::random_device{}()};
  return std::uniform_real_distribution<double>(0, 1)(engine);
}

std::string new_id() {
  static thread_local std::mt19937_64 engine{std::random_device{}()};
  std::string id = "xxxxxxxx-xxxx-4xxx-8xxx-xxxxxxxxxxxx";
  for (char& c : id)
    if (c == 'x') c = "0123456789abcdef"[engine() & 15U];
  return id;
}

}  // namespace

struct Notifier::Line {
  ReceiverSettings settings;
  Manners manners;
  std::unique_ptr<Receiver> receiver;
  RateLimit limit{1, 1};
  HttpClient client;
  std::jthread thread;
};

Notifier::Notifier(Store& store, std::function<std::string()> trouble) : store_(store), trouble_(std::move(trouble)) {}

Notifier::~Notifier() { stop(); }

void Notifier::stop_lines() {
  for (const auto& line : lines_)
    line->thread.request_stop();
  lines_.clear();
}

void Notifier::stop() {
  stopping_ = true;
  stop_lines();
}

void Notifier::configure(const NotifySettings& settings, std::string external_url) {
  stop_lines();
  if (!std::exchange(loaded_, true)) {
    auto outbox = load_outbox(store_);
    if (!outbox) log(LogLevel::error, "outbox_unreadable", {{"error", outbox.error().message}});
    const std::lock_guard lock(mutex_);
    if (outbox) {
      for (Alert& alert : outbox->alerts)
        world_.alerts.insert_or_assign(fingerprint(*alert.labels), std::move(alert));
      world_.groups = std::move(outbox->groups);
      world_.silences = std::move(outbox->silences);
    }
  }
  {
    const std::lock_guard lock(mutex_);
    policy_ = Policy(settings);
    external_url_ = std::move(external_url);
    world_.health.clear();  // mended or not: it is tried
    last_reason_.clear();
    for (const ReceiverSettings& receiver : settings.receivers) {
      figures_[receiver.name].receiver = receiver.name;
      figures_[receiver.name].type = receiver.type;
    }
    std::erase_if(figures_, [&](const auto& each) { return policy_.find(each.first) == nullptr; });
  }
  for (const ReceiverSettings& receiver : settings.receivers) {
    const ReceiverType* type = find_receiver_type(receiver.type);
    if (type == nullptr) continue;
    auto line = std::make_unique<Line>();
    line->settings = receiver;
    line->manners = type->manners;
    line->receiver = type->make(receiver);
    line->limit = RateLimit(type->manners.per_second, type->manners.burst);
    Line& started = *line;
    lines_.push_back(std::move(line));
    started.thread = std::jthread([this, &started](const std::stop_token& stop) {
      if (started.manners.beats)
        beat(started, stop);
      else
        run(started, stop);
    });
  }
}

// What comes in.

Alert* Notifier::find_alert(const std::string& key) {
  if (const auto waiting = uncommitted_.find(key); waiting != uncommitted_.end()) return &waiting->second;
  const auto known = world_.alerts.find(key);
  return known == world_.alerts.end() ? nullptr : &known->second;
}

void Notifier::add(Transaction& transaction, const rules::Rule&, const rules::AlertEvent& event, Timestamp at) {
  using rules::Transition;
  const std::lock_guard lock(mutex_);
  if (policy_.settings.receivers.empty()) return;
  const rules::Alert& judged = event.alert;
  const std::string key = fingerprint(*judged.labels);
  std::optional<Alert> alert;
  if (const Alert* known = find_alert(key)) alert = *known;
  switch (event.transition) {
    case Transition::pending:
    case Transition::dropped:
      return;
    case Transition::firing:
      alert = Alert{judged.labels, judged.annotations, judged.state.value, whole(judged.state.firing_since)};
      break;
    case Transition::resolved:
      if (!alert || !alert->fires()) return;
      alert->resolved_at = whole(at);
      alert->unknown_since.reset();
      break;
    case Transition::unknown_begins:
    case Transition::unknown_ends:
    case Transition::flapping_begins:
    case Transition::flapping_ends:
      if (!alert) return;
      alert->flapping = judged.state.flapping;
      alert->unknown_since = judged.state.unknown_since;
      break;
  }
  save_outbox_alert(transaction, *alert);
  uncommitted_.insert_or_assign(key, std::move(*alert));
}

void Notifier::committed() {
  const std::lock_guard lock(mutex_);
  for (auto& [key, alert] : uncommitted_)
    world_.alerts.insert_or_assign(key, std::move(alert));
  uncommitted_.clear();
  ++news_;
  wake_.notify_all();
}

void Notifier::adopt(const std::vector<rules::Alert>& alerts) {
  std::vector<Alert> fresh;
  {
    const std::lock_guard lock(mutex_);
    if (policy_.settings.receivers.empty()) return;
    for (const rules::Alert& judged : alerts) {
      if (judged.state.phase != rules::AlertPhase::firing) continue;
      const Alert* known = find_alert(fingerprint(*judged.labels));
      if (known == nullptr || !known->fires())
        fresh.push_back({judged.labels, judged.annotations, judged.state.value, whole(judged.state.firing_since)});
    }
  }
  if (fresh.empty()) return;
  if (auto transaction = store_.begin()) {
    for (const Alert& alert : fresh)
      save_outbox_alert(*transaction, alert);
    (void)transaction->commit();  // if it fails they are told, but not after a crash
  }
  const std::lock_guard lock(mutex_);
  for (Alert& alert : fresh) {
    // The judge may have ended it meanwhile.
    const std::string key = fingerprint(*alert.labels);
    const Alert* known = find_alert(key);
    if (known == nullptr || known->fired_at < alert.fired_at) world_.alerts.insert_or_assign(key, std::move(alert));
  }
  ++news_;
  wake_.notify_all();
}

// What goes out.

void Notifier::run(Line& line, const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    std::uint64_t news = 0;
    {
      const std::lock_guard lock(mutex_);
      news = news_;
    }
    const Timestamp next = turn(line, stop);
    std::unique_lock lock(mutex_);
    wake_.wait_until(lock, stop, next, [&] { return news_ != news; });
  }
}

/// Plans, and sends at most one message. Gives when to come again.
Timestamp Notifier::turn(Line& line, const std::stop_token& stop) {
  const std::string& name = line.settings.name;
  const Timestamp now = now_ms();
  std::vector<PlannedGroup> planned;
  Timestamp possible = line.limit.next(now);
  PlannedGroup* chosen = nullptr;
  std::optional<Notification> notification;
  {
    // Decisions point into the world: what is needed of them is copied before the lock is gone.
    const std::lock_guard lock(mutex_);
    planned = plan(policy_, world_, name, now);
    possible = std::max(possible, world_.health[name].not_before.value_or(now));
    note_oldest(name, planned);
    note_decisions(name, planned, now);
    if (const PlannedGroup* urgent = most_urgent(planned); urgent != nullptr)
      chosen = &planned[static_cast<std::size_t>(urgent - planned.data())];
    if (chosen != nullptr && possible <= now) notification = notification_for(line, *chosen, now);
  }
  if (notification) chosen->changed |= attempting(chosen->state, notification->alerts);
  // Without the disk nothing is sent: who is told must be known after a crash.
  if (!save_groups(name, planned)) return now + 5s;
  if (!notification) {
    forget_done(now);
    return chosen != nullptr ? std::max(possible, now + 10ms) : next_look(planned, now);
  }
  line.limit.take(now);
  std::string memory;
  const Judgement judgement = send(line, *notification, stop, memory);
  if (stop.stop_requested() && judgement.verdict != Verdict::delivered) return now;
  settle(line, *chosen, *notification, judgement, std::move(memory));
  return now_ms();
}

Notification Notifier::notification_for(const Line& line, const PlannedGroup& group, Timestamp now) const {
  Notification notification{line.settings.name, group.key, group.decision.id, group.decision.cause, now, group.labels};
  for (const Alert* alert : group.decision.alerts)
    if (const auto current = world_.alerts.find(fingerprint(*alert->labels)); current != world_.alerts.end())
      notification.alerts.push_back(current->second);
  sort_alerts(notification.alerts);
  notification.external_url = external_url_;
  notification.note = group.note;
  notification.due_since = group.decision.due_since;
  notification.memory = group.state.memory;
  notification.is_known = group.state.is_open();
  return notification;
}

/// With everything there is; where that is refused as too long or malformed, with less.
Judgement Notifier::send(Line& line, const Notification& notification, const std::stop_token& stop, std::string& memory) {
  const auto credentials = read_credentials(line.settings);
  if (!credentials) return {Verdict::misconfigured, credentials.error().message};
  Judgement judgement{Verdict::misconfigured, "there is nothing to send"};
  for (const Detail detail : {Detail::full, Detail::reduced, Detail::plain}) {
    std::vector<Answer> answers;
    std::optional<Judgement> good;
    for (const Request& request : line.receiver->render(notification, *credentials, detail)) {
      answers.push_back(line.client.send(request, line.settings.transport, stop));
      judgement = line.receiver->judge(answers.back());
      judgement.why = scrubbed(std::move(judgement.why), *credentials);
      if (judgement.verdict == Verdict::delivered) good = judgement;
      if (judgement.verdict != Verdict::delivered && !line.manners.takes_any_peer) break;
    }
    if (line.manners.takes_any_peer && good) judgement = *good;
    if (judgement.verdict == Verdict::delivered) {
      memory = line.receiver->remember(notification, answers);
      return judgement;
    }
    if (judgement.verdict != Verdict::too_long) return judgement;
    log(LogLevel::warning, "notification_degraded", {{"receiver", line.settings.name}, {"why", judgement.why}});
  }
  judgement.verdict = Verdict::refused;
  return judgement;
}

void Notifier::settle(Line& line,
                      PlannedGroup& group,
                      const Notification& notification,
                      const Judgement& judgement,
                      std::string memory) {
  const std::string& name = line.settings.name;
  const Timestamp now = now_ms();
  const LogFields fields = {{"receiver", name}, {"group", group.key}, {"cause", to_string(notification.cause)},
                            {"alerts", notification.alerts.size()}, {"why", judgement.why}};
  ReceiverHealth health;
  {
    const std::lock_guard lock(mutex_);
    ++figures_[name].outcomes[std::string(to_string(judgement.verdict))];
    health = world_.health[name] = after(world_.health[name], judgement.verdict, judgement.retry_after, random_share(), now);
    figures_[name].open = health.is_open();
    note_decision({now, name, group.key, std::string(to_string(judgement.verdict)), judgement.why, notification.alerts.size()});
    ++news_;  // who stands in for this one, and who may be forgotten
    wake_.notify_all();
  }
  if (judgement.verdict == Verdict::delivered) {
    delivered(group.state, notification.alerts, std::move(memory), now);
    log(LogLevel::info, "notified", fields);
  } else if (judgement.verdict == Verdict::refused) {
    group.state.refused = notification.id;
    log(LogLevel::error, "notification_refused", fields);
  } else {
    return log_on_change(LogLevel::error, "notification_failed", name, {ErrorKind::unreachable, judgement.why},
                         {{"receiver", name}});
  }
  log_recovery("notification_failed", name, {{"receiver", name}});
  group.changed = true;
  // Until it is stored it may be told once more; it is never told less.
  save_groups(name, {group});
}

/// Stores what changed, and makes it what planning sees. False when the store fails.
bool Notifier::save_groups(const std::string& receiver, const std::vector<PlannedGroup>& groups) {
  if (std::ranges::none_of(groups, &PlannedGroup::changed)) return true;
  auto transaction = store_.begin();
  if (transaction) {
    for (const PlannedGroup& group : groups)
      if (group.changed) save_outbox_group(*transaction, receiver, group.key, group.state);
  }
  const auto stored = transaction ? transaction->commit() : std::expected<void, Error>(std::unexpected(transaction.error()));
  if (!stored) log_on_change(LogLevel::error, "outbox_failed", receiver, stored.error(), {});
  const std::lock_guard lock(mutex_);
  for (const PlannedGroup& group : groups) {
    if (!group.changed) continue;
    if (group.state.told.empty())
      world_.groups[receiver].erase(group.key);
    else
      world_.groups[receiver].insert_or_assign(group.key, group.state);
  }
  return stored.has_value();
}

/// Alerts that nobody has to hear of any more leave the outbox.
void Notifier::forget_done(Timestamp now) {
  std::vector<std::pair<std::string, Timestamp>> done;
  {
    const std::lock_guard lock(mutex_);
    for (const std::string& key : forgettable(policy_, world_, now))
      done.emplace_back(key, world_.alerts.at(key).fired_at);
  }
  if (done.empty()) return;
  auto transaction = store_.begin();
  if (!transaction) return;
  for (const auto& [key, fired_at] : done)
    forget_outbox_alert(*transaction, key, fired_at);
  if (!transaction->commit()) return;
  const std::lock_guard lock(mutex_);
  for (const auto& [key, fired_at] : done) {
    const auto alert = world_.alerts.find(key);
    if (alert == world_.alerts.end() || alert->second.fired_at != fired_at || alert->second.fires()) continue;
    for (auto& [receiver, groups] : world_.groups)
      for (const auto& [group, state] : groups)
        if (!state.is_done_with(key)) {
          ++figures_[receiver].given_up;
          log(LogLevel::error, "notification_given_up", {{"receiver", receiver}, {"group", group}});
        }
    world_.alerts.erase(alert);
  }
}

// Why somebody was told, or not.

void Notifier::note_oldest(const std::string& receiver, const std::vector<PlannedGroup>& groups) {
  std::optional<Timestamp>& oldest = figures_[receiver].oldest_due;
  oldest.reset();
  for (const PlannedGroup& group : groups)
    if (const auto due = group.decision.due_since; due && (!oldest || *due < *oldest)) oldest = due;
}

void Notifier::note_decisions(const std::string& receiver, const std::vector<PlannedGroup>& groups, Timestamp now) {
  for (const PlannedGroup& group : groups) {
    std::string& last = last_reason_[{receiver, group.key}];
    if (last == group.decision.reason || group.decision.kind == Decision::Kind::send) continue;
    last = group.decision.reason;
    note_decision({now, receiver, group.key, group.decision.kind == Decision::Kind::wait ? "waiting" : "quiet", last,
                   group.state.told.size()});
  }
  std::erase_if(last_reason_, [&](const auto& each) {
    return each.first.first == receiver && std::ranges::find(groups, each.first.second, &PlannedGroup::key) == groups.end();
  });
}

void Notifier::note_decision(DecisionView decision) {
  decisions_.push_front(std::move(decision));
  if (decisions_.size() > k_most_decisions) decisions_.pop_back();
}

std::vector<DecisionView> Notifier::decisions() const {
  const std::lock_guard lock(mutex_);
  return {decisions_.begin(), decisions_.end()};
}

std::vector<ReceiverFigures> Notifier::figures() const {
  const std::lock_guard lock(mutex_);
  std::vector<ReceiverFigures> all;
  for (const auto& [name, figures] : figures_)
    all.push_back(figures);
  return all;
}

// Silences.

std::vector<Silence> Notifier::silences() const {
  const std::lock_guard lock(mutex_);
  return world_.silences;
}

std::expected<std::string, Error> Notifier::set_silence(Silence silence, Timestamp now) {
  if (const std::string complaint = complaint_about(silence); !complaint.empty())
    return std::unexpected(Error{ErrorKind::configuration, complaint});
  if (silence.id.empty()) silence.id = new_id();
  silence.updated_at = whole(now);
  silence.starts_at = whole(silence.starts_at);
  silence.ends_at = whole(silence.ends_at);
  std::vector<std::string> old;
  {
    const std::lock_guard lock(mutex_);
    for (const Silence& each : world_.silences)
      if (now - each.ends_at > k_silence_retention) old.push_back(each.id);
  }
  auto transaction = store_.begin();
  if (!transaction) return std::unexpected(transaction.error());
  save_silence(*transaction, silence);
  for (const std::string& id : old)
    forget_silence(*transaction, id);
  if (auto stored = transaction->commit(); !stored) return std::unexpected(stored.error());
  const std::string id = silence.id;
  const std::lock_guard lock(mutex_);
  std::erase_if(world_.silences, [&](const Silence& each) {
    return each.id == id || std::ranges::find(old, each.id) != old.end();
  });
  world_.silences.push_back(std::move(silence));
  ++news_;
  wake_.notify_all();
  return id;
}

std::expected<void, Error> Notifier::expire_silence(const std::string& id, Timestamp now) {
  std::optional<Silence> found;
  for (Silence& silence : silences())
    if (silence.id == id) found = std::move(silence);
  if (!found) return std::unexpected(Error{ErrorKind::undefined, "there is no silence '" + id + "'"});
  if (state_of(*found, now) == SilenceState::expired) return {};
  found->ends_at = now;
  found->starts_at = std::min(found->starts_at, now - 1ms);
  auto stored = set_silence(std::move(*found), now);
  if (!stored) return std::unexpected(stored.error());
  return {};
}

// The heartbeat.

void Notifier::beat(Line& line, const std::stop_token& stop) {
  const bool tells_trouble = !line.settings.channel.empty();
  const auto tell = [&](const std::string& trouble, const std::stop_token& until) {
    Notification notification{line.settings.name, "heartbeat", "heartbeat"};
    notification.now = now_ms();
    notification.note = trouble;
    std::string memory;
    const Judgement judgement = send(line, notification, until, memory);
    const std::lock_guard lock(mutex_);
    ++figures_[line.settings.name].outcomes[std::string(to_string(judgement.verdict))];
    note_decision({notification.now, line.settings.name, "heartbeat", std::string(to_string(judgement.verdict)),
                   trouble.empty() ? judgement.why : trouble});
  };
  while (!stop.stop_requested()) {
    const std::string trouble = trouble_ ? trouble_() : "";
    if (trouble.empty() || tells_trouble) tell(trouble, stop);
    if (!trouble.empty())
      log_on_change(LogLevel::warning, "heartbeat_withheld", line.settings.name, {ErrorKind::internal, trouble}, {});
    std::unique_lock lock(mutex_);
    wake_.wait_for(lock, stop, line.settings.every, [] { return false; });
  }
  line.settings.transport.timeout = std::min<std::chrono::milliseconds>(line.settings.transport.timeout, 2s);
  if (tells_trouble && stopping_) tell("pgvigil is stopping", {});
}

}  // namespace pgvigil::agent::notify
