#include "agent/notify/message/message_template.h"

#include <memory>

#include "agent/notify/message/text.h"
#include "rules/promql/labels.h"
#include "rules/template/value.h"

namespace pgvigil::agent::notify {
namespace {

using rules::templates::Record;
using rules::templates::RecordPtr;
using rules::templates::Value;

promql::LabelsPtr map_of(const Annotations& annotations) {
  return promql::Labels::make(annotations);
}

std::string evidence_of(const Alert& alert) {
  std::string text;
  for (const auto& evidence : alert.dossier.evidence)
    text += title_of(*evidence) + "\n" + table_text(*evidence, 4'000) + "\n";
  return text;
}

Value value_of(const Alert& alert) {
  auto record = std::make_shared<Record>();
  record->fields = {{"Status", std::string(alert.fires() ? "firing" : "resolved")},
                    {"Labels", alert.labels},
                    {"Annotations", map_of(alert.annotations)},
                    {"StartsAt", rfc3339(alert.fired_at)},
                    {"EndsAt", alert.resolved_at ? rfc3339(*alert.resolved_at) : std::string()},
                    {"Value", alert.value},
                    {"Fingerprint", fingerprint(*alert.labels)},
                    {"Evidence", evidence_of(alert)}};
  return RecordPtr(std::move(record));
}

RecordPtr list_of(std::vector<Value> elements) {
  auto list = std::make_shared<Record>();
  list->is_list = true;
  list->elements = std::move(elements);
  return list;
}

RecordPtr record_of(const Notification& notification) {
  std::vector<Value> all;
  std::vector<Value> firing;
  std::vector<Value> resolved;
  for (const Alert& alert : notification.alerts) {
    all.push_back(value_of(alert));
    (alert.fires() ? firing : resolved).push_back(all.back());
  }
  auto alerts = std::make_shared<Record>();
  alerts->is_list = true;
  alerts->elements = std::move(all);
  alerts->fields = {{"Firing", list_of(std::move(firing))}, {"Resolved", list_of(std::move(resolved))}};
  auto record = std::make_shared<Record>();
  record->fields = {{"Status", std::string(notification.status())},
                    {"Receiver", notification.receiver},
                    {"GroupKey", notification.group},
                    {"GroupLabels", notification.group_labels},
                    {"CommonLabels", notification.common_labels()},
                    {"CommonAnnotations", map_of(notification.common_annotations())},
                    {"ExternalURL", notification.external_url},
                    {"Alerts", RecordPtr(std::move(alerts))}};
  return record;
}

}  // namespace

MessageTemplate::MessageTemplate(const std::string& text) {
  if (text.empty()) return;
  // The configuration was checked with the same parser.
  if (auto parsed = rules::Template::parse(text)) template_ = std::move(*parsed);
}

std::string MessageTemplate::render(const Notification& notification, const std::string& preset) const {
  if (!template_) return preset;
  rules::TemplateData data;
  data.external_url = notification.external_url;
  data.record = record_of(notification);
  auto text = template_->render(data);
  return text ? std::move(*text) : "<error expanding template: " + text.error().message + ">";
}

}  // namespace pgvigil::agent::notify
