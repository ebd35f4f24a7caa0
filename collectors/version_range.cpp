#include "collectors/version_range.h"

#include <charconv>
#include <system_error>

namespace pgvigil::collectors {

std::optional<VersionRange> parse_versions(std::string_view text, ServerKind kind) {
  const auto number = [](std::string_view digits) -> std::optional<int> {
    int read = 0;
    const auto [end, fault] = std::from_chars(digits.data(), digits.data() + digits.size(), read);
    if (fault != std::errc{} || end != digits.data() + digits.size() || read < 0 || read > 99)
      return std::nullopt;
    return read;
  };
  const auto release = [&](std::string_view word) -> std::optional<int> {
    const std::size_t dot = word.find('.');
    const auto major = number(word.substr(0, dot));
    if (!major || *major < 1) return std::nullopt;
    if (!is_pooler(kind)) return dot == std::string_view::npos ? major : std::nullopt;
    if (dot == std::string_view::npos || *major > 9) return std::nullopt;
    const auto minor = number(word.substr(dot + 1));
    return minor ? std::optional(pooler_release(*major, *minor)) : std::nullopt;
  };
  const std::size_t dash = text.find('-');
  const auto first = release(text.substr(0, dash));
  if (!first) return std::nullopt;
  if (dash == std::string_view::npos) return VersionRange{*first, *first};
  if (dash + 1 == text.size()) return VersionRange{*first, VersionRange{}.last};
  const auto last = release(text.substr(dash + 1));
  if (!last || *last < *first) return std::nullopt;
  return VersionRange{*first, *last};
}

}  // namespace pgvigil::collectors
