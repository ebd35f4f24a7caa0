#include "agent/commands/command.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstdio>

namespace pgvigil::agent {

std::optional<std::string> Arguments::option(std::string_view name) {
  const std::string joined = std::string(name) + "=";
  for (auto word = words_.begin(); word != words_.end(); ++word) {
    if (word->starts_with(joined)) {
      std::string value = word->substr(joined.size());
      words_.erase(word);
      return value;
    }
    if (*word != name) continue;
    const auto value = std::next(word);
    if (value == words_.end() || value->starts_with("--")) {
      complaint_ = "option '" + std::string(name) + "' needs a value";
      words_.erase(word);
      return std::nullopt;
    }
    std::string taken = std::move(*value);
    words_.erase(word, std::next(value));
    return taken;
  }
  return std::nullopt;
}

bool Arguments::flag(std::string_view name) {
  return std::erase(words_, name) > 0;
}

std::optional<std::string> Arguments::word() {
  const auto found =
      std::ranges::find_if(words_, [](const std::string& word) { return !word.starts_with('-'); });
  if (found == words_.end()) return std::nullopt;
  std::string word = std::move(*found);
  words_.erase(found);
  return word;
}

std::string Arguments::complaint() const {
  if (!complaint_.empty() || words_.empty()) return complaint_;
  return (words_.front().starts_with('-') ? "unknown option '" : "unexpected word '") + words_.front() + "'";
}

int wrong_usage(std::string_view command, std::string_view complaint) {
  fmt::print(stderr, "pgvigil {}: {}\nTry 'pgvigil {} --help'.\n", command, complaint, command);
  return 2;
}

}  // namespace pgvigil::agent
