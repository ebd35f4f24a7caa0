#include "agent/http/request_target.h"

#include <algorithm>
#include <charconv>

namespace pgvigil::agent {
namespace {

std::optional<std::string> decoded(std::string_view text, bool plus_is_space) {
  std::string result;
  result.reserve(text.size());
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '%') {
      result += plus_is_space && text[at] == '+' ? ' ' : text[at];
      continue;
    }
    const std::string_view digits = text.substr(at + 1, 2);
    unsigned char byte = 0;
    const auto [end, fault] = std::from_chars(digits.data(), digits.data() + digits.size(), byte, 16);
    if (fault != std::errc{} || digits.size() != 2 || end != digits.data() + 2) return std::nullopt;
    result += static_cast<char>(byte);
    at += 2;
  }
  return result;
}

}  // namespace

std::optional<RequestTarget> parse_request_target(std::string_view target) {
  if (!target.starts_with('/')) return std::nullopt;
  target = target.substr(0, target.find('#'));
  const auto question = std::min(target.find('?'), target.size());
  auto path = decoded(target.substr(0, question), false);
  auto parameters = parse_form(target.substr(std::min(question + 1, target.size())));
  if (!path || !parameters) return std::nullopt;
  return RequestTarget{std::move(*path), std::move(*parameters)};
}

std::optional<Parameters> parse_form(std::string_view text) {
  Parameters parameters;
  while (!text.empty()) {
    const auto end = std::min(text.find('&'), text.size());
    const std::string_view pair = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const auto equals = std::min(pair.find('='), pair.size());
    auto name = decoded(pair.substr(0, equals), true);
    auto value = decoded(pair.substr(std::min(equals + 1, pair.size())), true);
    if (!name || !value) return std::nullopt;
    if (!name->empty()) parameters.emplace_back(std::move(*name), std::move(*value));
  }
  return parameters;
}

}  // namespace pgvigil::agent
