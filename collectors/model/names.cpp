#include "collectors/model/names.h"

#include <algorithm>

namespace pgvigil {
namespace {

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool may_begin_metric(char c) {
  return is_letter(c) || c == ':';
}
bool may_stand_in_metric(char c) {
  return may_begin_metric(c) || is_digit(c);
}
bool may_stand_in_label(char c) {
  return is_letter(c) || is_digit(c);
}

}  // namespace

std::expected<MetricName, Error> MetricName::parse(std::string_view text) {
  if (text.empty() || !may_begin_metric(text.front()) || !std::ranges::all_of(text, may_stand_in_metric))
    return std::unexpected(Error{ErrorKind::configuration, "bad metric name '" + std::string(text) + "'",
                                 "A metric name has letters, digits, '_' and ':' and begins with no digit."});
  return MetricName(std::string(text));
}

MetricName MetricName::from(std::string_view text) {
  std::string name(text);
  std::ranges::replace_if(
      name, [](char c) { return !may_stand_in_metric(c); }, '_');
  if (name.empty() || !may_begin_metric(name.front())) name.insert(name.begin(), '_');
  return MetricName(std::move(name));
}

std::expected<LabelName, Error> LabelName::parse(std::string_view text) {
  if (text.empty() || !is_letter(text.front()) || !std::ranges::all_of(text, may_stand_in_label))
    return std::unexpected(Error{ErrorKind::configuration, "bad label name '" + std::string(text) + "'",
                                 "A label name has letters, digits and '_' and begins with no digit."});
  if (text.starts_with("__"))
    return std::unexpected(Error{ErrorKind::configuration, "bad label name '" + std::string(text) + "'",
                                 "Names that begin with '__' are Prometheus's own."});
  return LabelName(std::string(text));
}

}  // namespace pgvigil
