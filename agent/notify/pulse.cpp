#include "agent/notify/pulse.h"

#include <chrono>
#include <utility>

#include "agent/log/log.h"
#include "agent/notify/clock.h"

namespace pgvigil::agent::notify {

using namespace std::chrono_literals;

Pulse::Pulse(Shared& shared,
             ReceiverSettings settings,
             const std::function<std::string()>& trouble,
             const std::atomic<bool>& stopping)
    : shared_(shared), delivery_(std::move(settings)), trouble_(trouble), stopping_(stopping) {}

void Pulse::run(const std::stop_token& stop) {
  const ReceiverSettings& settings = delivery_.settings();
  const bool tells_trouble = !settings.channel.empty();
  while (!stop.stop_requested()) {
    const std::string trouble = trouble_ ? trouble_() : "";
    if (trouble.empty() || tells_trouble) tell(trouble, stop);
    if (!trouble.empty())
      log_on_change(LogLevel::warning, "heartbeat_withheld", settings.name, {ErrorKind::internal, trouble},
                    {});
    std::unique_lock lock(shared_.mutex);
    shared_.wake.wait_for(lock, stop, settings.every, [] { return false; });
  }
  delivery_.hurry(2s);
  if (tells_trouble && stopping_) tell("pgvigil is stopping", {});
}

void Pulse::tell(const std::string& trouble, const std::stop_token& stop) {
  const std::string& name = delivery_.settings().name;
  Notification notification{name, "heartbeat", "heartbeat"};
  notification.now = now_ms();
  notification.note = trouble;
  const Judgement judgement = delivery_.send(notification, stop).judgement;
  const std::string verdict(to_string(judgement.verdict));
  const std::lock_guard lock(shared_.mutex);
  ReceiverFigures& figures = shared_.figures[name];
  ++figures.outcomes[verdict];
  if (judgement.verdict == Verdict::delivered) {
    figures.last_delivered = notification.now;
  } else {
    figures.last_error = judgement.why;
    figures.last_error_at = notification.now;
  }
  shared_.decisions.note(
      {notification.now, name, "heartbeat", verdict, trouble.empty() ? judgement.why : trouble});
}

}  // namespace pgvigil::agent::notify
