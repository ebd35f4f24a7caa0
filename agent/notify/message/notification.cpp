#include "agent/notify/message/notification.h"

#include <algorithm>
#include <array>

namespace pgvigil::agent::notify {

using promql::Labels;
using promql::LabelsPtr;

std::string_view Alert::annotation(std::string_view wanted) const {
  const auto found =
      std::ranges::find(annotations, wanted, [](const auto& each) { return std::string_view(each.first); });
  return found == annotations.end() ? std::string_view() : std::string_view(found->second);
}

bool Dossier::shows_anything() const {
  return std::ranges::any_of(evidence, [](const auto& each) { return each->trouble.empty(); });
}

EvidenceList own_evidence(const Notification& notification, std::size_t place) {
  EvidenceList own;
  if (!notification.alerts[place].fires()) return own;
  for (const auto& evidence : notification.alerts[place].dossier.evidence) {
    const bool is_shown = std::any_of(
        notification.alerts.begin(), notification.alerts.begin() + static_cast<std::ptrdiff_t>(place),
        [&](const Alert& before) {
          return before.fires() && std::ranges::any_of(before.dossier.evidence, [&](const auto& each) {
                   return each->id == evidence->id;
                 });
        });
    if (!is_shown) own.push_back(evidence);
  }
  return own;
}

std::string fingerprint(const Labels& labels) {
  std::uint64_t hash = 14695981039346656037U;
  const auto add = [&hash](std::string_view text) {
    for (const char c : text)
      hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211U;
    hash = (hash ^ 0xffU) * 1099511628211U;
  };
  for (std::size_t i = 0; i < labels.size(); ++i) {
    add(labels[i].name);
    add(labels[i].value);
  }
  std::string digits(16, '0');
  for (std::size_t i = 16; i-- > 0; hash >>= 4U)
    digits[i] = "0123456789abcdef"[hash & 15U];
  return digits;
}

std::string_view to_string(Cause cause) {
  switch (cause) {
    case Cause::firing:
      return "firing";
    case Cause::changed:
      return "changed";
    case Cause::completed:
      return "completed";
    case Cause::resolved:
      return "resolved";
    case Cause::repeated:
      return "repeated";
    case Cause::test:
      return "test";
  }
  return "";
}

std::size_t Notification::firing() const {
  return static_cast<std::size_t>(std::ranges::count_if(alerts, &Alert::fires));
}

std::string_view Notification::severity() const {
  const auto worst = std::ranges::min_element(
      alerts, {}, [](const Alert& alert) { return rank_of_severity(alert.severity()); });
  return worst == alerts.end() ? std::string_view() : worst->severity();
}

LabelsPtr Notification::common_labels() const {
  std::vector<std::pair<std::string, std::string>> common;
  if (alerts.empty()) return Labels::none();
  const Labels& first = *alerts.front().labels;
  for (std::size_t i = 0; i < first.size(); ++i) {
    const auto [name, value] = first[i];
    if (std::ranges::all_of(alerts, [&](const Alert& alert) { return alert.labels->get(name) == value; }))
      common.emplace_back(name, value);
  }
  return Labels::make(std::move(common));
}

Annotations Notification::common_annotations() const {
  Annotations common;
  if (alerts.empty()) return common;
  for (const auto& [name, value] : alerts.front().annotations)
    if (std::ranges::all_of(alerts, [&](const Alert& alert) { return alert.annotation(name) == value; }))
      common.emplace_back(name, value);
  return common;
}

int rank_of_severity(std::string_view severity) {
  constexpr std::array<std::string_view, 8> k_worst_first = {"page",    "critical", "error", "high",
                                                             "warning", "medium",   "low",   "info"};
  const auto found = std::ranges::find(k_worst_first, severity);
  // Without a severity: as a warning.
  return static_cast<int>((found == k_worst_first.end() ? k_worst_first.begin() + 4 : found) -
                          k_worst_first.begin());
}

void sort_alerts(std::vector<Alert>& alerts) {
  std::ranges::stable_sort(alerts, [](const Alert& a, const Alert& b) {
    if (a.fires() != b.fires()) return a.fires();
    const int rank_a = rank_of_severity(a.severity());
    const int rank_b = rank_of_severity(b.severity());
    if (rank_a != rank_b) return rank_a < rank_b;
    if (a.fired_at != b.fired_at) return a.fired_at < b.fired_at;
    return *a.labels < *b.labels;
  });
}

}  // namespace pgvigil::agent::notify
