#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include "agent/commands/commands.h"
#include "agent/config/load.h"
#include "agent/notify/clock.h"
#include "agent/notify/message/text.h"
#include "agent/notify/planning/plan.h"
#include "agent/notify/random.h"
#include "agent/notify/receivers/delivery.h"

namespace pgvigil::agent {
namespace {

using namespace notify;

constexpr std::string_view k_usage = R"(Tells people at once, past rules and groups.

usage: pgvigil notify test RECEIVER [--config FILE]
       pgvigil notify event --title TEXT [--severity WORD] [--text TEXT] [--label NAME=VALUE]... [--config FILE]

  test   sends a marked sample, first firing and then resolved, and prints what came back
  event  tells of something that happened, for scripts: whoever the routes name for its labels

  --config FILE       the configuration that has the receivers
  --title TEXT        what happened, in one line
  --severity WORD     critical, warning (the default) or info
  --text TEXT         more about it
  --label NAME=VALUE  a label that routes look at; may come again

exit status: 0 everybody took it; 1 somebody did not; 2 wrong usage or configuration; 3 no receiver is configured
)";

/// What stands beside the label alertname.
constexpr std::string_view k_event_name = "PgvigilEvent";

Notification notification_of(const ReceiverSettings& receiver,
                             Alert alert,
                             Cause cause,
                             const Config& config) {
  Notification notification{receiver.name, "pgvigil notify", new_id(), cause,
                            std::chrono::system_clock::now()};
  notification.external_url = config.rules.external_url;
  notification.group_labels = alert.labels;
  notification.alerts.push_back(std::move(alert));
  return notification;
}

/// Sends it, and prints what came back. Whether it was taken; `memory` is what the next one about it needs.
bool tell(const ReceiverSettings& settings, const Notification& notification, std::string& memory) {
  Attempt attempt = Delivery(settings).send(notification);
  if (attempt.answers.empty()) attempt.answers.push_back(attempt.judgement);
  for (const Judgement& judgement : attempt.answers)
    fmt::print("{}: {} ({})\n", settings.name, to_string(judgement.verdict), judgement.why);
  const bool taken = attempt.judgement.verdict == Verdict::delivered;
  if (taken) memory = std::move(attempt.memory);
  return taken;
}

Alert sample_alert() {
  Alert alert;
  alert.labels =
      promql::Labels::make({{"alertname", "PgvigilTest"}, {"severity", "info"}, {"instance", "test"}});
  alert.annotations = {{"summary", "A test of pgvigil: nothing is wrong"},
                       {"description", "Somebody ran 'pgvigil notify test'. Nobody has to do anything."}};
  alert.value = 1;
  alert.fired_at = now_ms();
  for (int i = 0; i < 30; ++i)
    alert.recent.push_back(std::sin(i / 4.0));
  return alert;
}

int test(const ReceiverSettings& receiver, const Config& config) {
  Alert alert = sample_alert();
  std::string memory;
  if (find_receiver_type(receiver.type)->manners.beats) {
    Notification notification{receiver.name, "heartbeat", "heartbeat"};
    return tell(receiver, notification, memory) ? 0 : 1;
  }
  if (!tell(receiver, notification_of(receiver, alert, Cause::test, config), memory)) return 1;
  alert.resolved_at = alert.fired_at + std::chrono::seconds(1);
  Notification end = notification_of(receiver, std::move(alert), Cause::test, config);
  end.is_known = true;
  end.memory = memory;
  return tell(receiver, end, memory) ? 0 : 1;
}

int event(const Config& config, Alert alert) {
  const Policy policy(config.notify);
  if (policy.settings.receivers.empty()) {
    fmt::print(stderr, "pgvigil notify: no receiver is configured\n");
    return 3;
  }
  std::vector<std::string> receivers;
  for (const std::size_t at : routes_of(policy.routes, *alert.labels))
    for (const std::string& name : policy.routes[at].receivers)
      if (std::ranges::find(receivers, name) == receivers.end()) receivers.push_back(name);
  if (receivers.empty()) {
    fmt::print(stderr, "pgvigil notify: no route leads to a receiver for {}\n",
               promql::to_string(*alert.labels));
    return 1;
  }
  bool all = true;
  for (const std::string& name : receivers) {
    std::string memory;
    const ReceiverSettings& receiver = *policy.find(name);
    all &= tell(receiver, notification_of(receiver, alert, Cause::firing, config), memory);
  }
  return all ? 0 : 1;
}

/// The labels of an event; nothing when one is not NAME=VALUE.
std::optional<promql::LabelsPtr> labels_of(Arguments& arguments) {
  std::vector<std::pair<std::string, std::string>> labels = {
      {"alertname", std::string(k_event_name)},
      {"severity", arguments.option("--severity").value_or("warning")}};
  while (const auto label = arguments.option("--label")) {
    const auto at = label->find('=');
    if (at == std::string::npos || at == 0) return std::nullopt;
    labels.emplace_back(label->substr(0, at), label->substr(at + 1));
  }
  return promql::Labels::make(std::move(labels));
}

int run(Arguments arguments) {
  const auto file = arguments.option("--config");
  const auto title = arguments.option("--title");
  const auto text = arguments.option("--text");
  const auto labels = labels_of(arguments);
  const auto action = arguments.word();
  const auto name = action == "test" ? arguments.word() : std::nullopt;
  if (const auto complaint = arguments.complaint(); !complaint.empty())
    return wrong_usage("notify", complaint);
  if (!labels) return wrong_usage("notify", "--label is NAME=VALUE");
  if (action != "test" && action != "event") return wrong_usage("notify", "test or event?");
  if (action == "test" && !name) return wrong_usage("notify", "which receiver?");
  if (action == "event" && !title) return wrong_usage("notify", "--title is missing: what happened?");

  const auto config = load_config(file);
  if (!config) {
    for (const Diagnostic& mistake : config.error())
      fmt::print(stderr, "{}\n", to_string(mistake));
    return 2;
  }
  if (action == "test") {
    const auto& receivers = config->notify.receivers;
    const auto receiver = std::ranges::find(receivers, *name, &ReceiverSettings::name);
    if (receiver != receivers.end()) return test(*receiver, *config);
    fmt::print(stderr, "pgvigil notify: there is no receiver '{}'\n", *name);
    return 2;
  }
  Alert alert;
  alert.labels = *labels;
  alert.annotations = {{"summary", *title}};
  if (text) alert.annotations.emplace_back("description", *text);
  alert.value = 1;
  alert.fired_at = now_ms();
  return event(*config, std::move(alert));
}

}  // namespace

const Command k_notify_command{"notify", "tell people at once: a test, an event of a script", k_usage, run};

}  // namespace pgvigil::agent
