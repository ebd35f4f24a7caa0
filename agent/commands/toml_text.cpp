#include "agent/commands/toml_text.h"

#include <fmt/core.h>

#include <algorithm>

namespace pgvigil::agent {
namespace {

bool is_control(char c) {
  return (c >= 0 && c < 0x20 && c != '\t') || c == 0x7f;
}

std::string in_double_quotes(std::string_view text) {
  std::string quoted = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') {
      quoted += '\\';
      quoted += c;
    } else if (c == '\n') {
      quoted += "\\n";
    } else if (is_control(c)) {
      quoted += fmt::format("\\u{:04X}", static_cast<unsigned>(c));
    } else {
      quoted += c;
    }
  }
  return quoted + '"';
}

}  // namespace

std::string toml_string(std::string_view text) {
  const bool has_quote = text.contains('\'');
  const bool has_lines = text.contains('\n');
  const bool has_controls = std::ranges::any_of(text, [](char c) { return c != '\n' && is_control(c); });
  const bool ends_block = text.contains("'''") || text.ends_with('\'');
  if (has_lines && !has_controls && !ends_block) return "'''\n" + std::string(text) + "'''";
  if (has_lines || has_controls || has_quote) return in_double_quotes(text);
  const bool needs_escape = text.contains('"') || text.contains('\\');
  return needs_escape ? "'" + std::string(text) + "'" : '"' + std::string(text) + '"';
}

std::string toml_key(std::string_view name) {
  const bool bare = !name.empty() && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
  return bare ? std::string(name) : in_double_quotes(name);
}

}  // namespace pgvigil::agent
