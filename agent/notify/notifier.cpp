#include "agent/notify/notifier.h"

#include <algorithm>
#include <chrono>
#include <semaphore>
#include <thread>
#include <utility>

#include "agent/log/log.h"
#include "agent/notify/gatherer.h"
#include "agent/notify/outbox.h"
#include "agent/notify/pulse.h"
#include "agent/notify/sender.h"

namespace pgvigil::agent::notify {

using namespace std::chrono_literals;

struct Notifier::Line {
  /// How long an answer is waited for when it ends: it says whether the message is to be told again.
  static constexpr auto k_grace = 2s;

  ReceiverSettings settings;
  std::stop_source cut = {};  // ends what is under way
  std::binary_semaphore is_over{0};
  std::jthread thread = {};  // uses the others

  /// All at once, so that they are waited for together.
  static void end(Lines lines) {
    for (const auto& line : lines)
      line->thread.request_stop();
    const auto patience = std::chrono::steady_clock::now() + k_grace;
    for (const auto& line : lines)
      if (!line->is_over.try_acquire_until(patience)) line->cut.request_stop();
  }
};

Notifier::Notifier(Store& store, Outlook outlook)
    : store_(store), outlook_(std::move(outlook)), intake_(store, shared_), silences_(store, shared_) {
  shared_.world.is_standby = outlook_.is_standby;
}

Notifier::~Notifier() {
  stop();
}

void Notifier::stop() {
  stopping_ = true;
  gatherer_ = {};
  Line::end(std::exchange(lines_, {}));
}

void Notifier::load() {
  auto outbox = load_outbox(store_);
  if (!outbox) return log(LogLevel::error, "outbox_unreadable", {{"error", outbox.error().message}});
  const std::lock_guard lock(shared_.mutex);
  for (Alert& alert : outbox->alerts)
    shared_.world.alerts.insert_or_assign(fingerprint(*alert.labels), std::move(alert));
  shared_.world.groups = std::move(outbox->groups);
  shared_.world.silences = std::move(outbox->silences);
}

void Notifier::configure(const NotifySettings& settings, std::string external_url) {
  const auto stays = [&](const auto& line) {
    return std::ranges::find(settings.receivers, line->settings) != settings.receivers.end();
  };
  const auto changed = std::ranges::stable_partition(lines_, stays);
  Lines ended(std::move_iterator(changed.begin()), std::move_iterator(changed.end()));
  lines_.erase(changed.begin(), changed.end());
  Line::end(std::move(ended));
  if (!std::exchange(loaded_, true)) load();
  {
    const std::lock_guard lock(shared_.mutex);
    shared_.policy = Policy(settings);
    shared_.external_url = std::move(external_url);
    shared_.world.health.clear();  // mended or not: it is tried
    shared_.decisions.forget_reasons();
    for (const ReceiverSettings& receiver : settings.receivers) {
      shared_.figures[receiver.name].receiver = receiver.name;
      shared_.figures[receiver.name].type = receiver.type;
      shared_.figures[receiver.name].fallback = receiver.fallback;
    }
    std::erase_if(shared_.figures,
                  [&](const auto& each) { return shared_.policy.find(each.first) == nullptr; });
    shared_.tell_news();
  }
  for (const ReceiverSettings& receiver : settings.receivers) {
    const bool runs =
        std::ranges::any_of(lines_, [&](const auto& line) { return line->settings.name == receiver.name; });
    if (!runs && find_receiver_type(receiver.type) != nullptr) lines_.push_back(begin(receiver));
  }
  if (lines_.empty()) {
    gatherer_ = {};
  } else if (!gatherer_.joinable() && outlook_.look) {
    gatherer_ =
        std::jthread([this](const std::stop_token& stop) { Gatherer(store_, shared_, outlook_).run(stop); });
  }
}

std::unique_ptr<Notifier::Line> Notifier::begin(const ReceiverSettings& receiver) {
  auto line = std::make_unique<Line>(receiver);
  line->thread = std::jthread([this, &one = *line](const std::stop_token& stop) {
    if (find_receiver_type(one.settings.type)->manners.beats)
      Pulse(shared_, one.settings, outlook_.trouble, stopping_).run(stop);
    else
      Sender(store_, shared_, outlook_, one.settings).run(stop, one.cut.get_token());
    one.is_over.release();
  });
  return line;
}

void Notifier::add(Transaction& transaction,
                   const rules::Rule& rule,
                   const rules::AlertEvent& event,
                   Timestamp at) {
  intake_.add(transaction, rule, event, at);
}

std::vector<Alert> Notifier::alerts() const {
  const std::lock_guard lock(shared_.mutex);
  std::vector<Alert> all;
  for (const auto& [fingerprint, alert] : shared_.world.alerts)
    all.push_back(alert);
  return all;
}

std::vector<DecisionView> Notifier::decisions() const {
  const std::lock_guard lock(shared_.mutex);
  return shared_.decisions.all();
}

std::vector<GroupStanding> Notifier::standings(Timestamp now) const {
  const std::lock_guard lock(shared_.mutex);
  return notify::standings(shared_.policy, shared_.world, now);
}

NotifierFigures Notifier::figures() const {
  const std::lock_guard lock(shared_.mutex);
  NotifierFigures all{.looks = shared_.looks};
  for (const auto& [name, figures] : shared_.figures) {
    ReceiverFigures& shown = all.receivers.emplace_back(figures);
    const auto health = shared_.world.health.find(name);
    if (health == shared_.world.health.end()) continue;
    shown.open = health->second.is_open();
    shown.down_since = health->second.down_since;
    shown.next_attempt = health->second.not_before;
  }
  return all;
}

}  // namespace pgvigil::agent::notify
