#include "agent/notify/notifier.h"

#include <utility>

#include "agent/notify/pulse.h"
#include "agent/notify/sender.h"
#include "agent/runtime/log.h"
#include "agent/store/outbox.h"

namespace pgvigil::agent::notify {

Notifier::Notifier(Store& store, std::function<std::string()> trouble)
    : store_(store), trouble_(std::move(trouble)), intake_(store, shared_), silences_(store, shared_) {}

Notifier::~Notifier() { stop(); }

void Notifier::stop_threads() {
  for (std::jthread& thread : threads_)
    thread.request_stop();
  threads_.clear();
}

void Notifier::stop() {
  stopping_ = true;
  stop_threads();
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
  stop_threads();
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
    }
    std::erase_if(shared_.figures, [&](const auto& each) { return shared_.policy.find(each.first) == nullptr; });
  }
  for (const ReceiverSettings& receiver : settings.receivers) {
    const ReceiverType* type = find_receiver_type(receiver.type);
    if (type == nullptr) continue;
    threads_.emplace_back([this, receiver, beats = type->manners.beats](const std::stop_token& stop) {
      if (beats)
        Pulse(shared_, receiver, trouble_, stopping_).run(stop);
      else
        Sender(store_, shared_, receiver).run(stop);
    });
  }
}

void Notifier::add(Transaction& transaction, const rules::Rule&, const rules::AlertEvent& event, Timestamp at) {
  intake_.add(transaction, event, at);
}

std::vector<DecisionView> Notifier::decisions() const {
  const std::lock_guard lock(shared_.mutex);
  return shared_.decisions.all();
}

std::vector<ReceiverFigures> Notifier::figures() const {
  const std::lock_guard lock(shared_.mutex);
  std::vector<ReceiverFigures> all;
  for (const auto& [name, figures] : shared_.figures)
    all.push_back(figures);
  return all;
}

}  // namespace pgvigil::agent::notify
