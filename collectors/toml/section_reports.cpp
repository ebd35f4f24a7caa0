#include "collectors/toml/section_state.h"

#include <algorithm>

namespace pgvigil {
namespace {

/// "Did you mean 'listen'?", or the words that there are.
std::string unknown_key_hint(std::string_view word, std::span<const std::string_view> words) {
  if (const std::string_view near = nearest(word, words); !near.empty())
    return "Did you mean " + quoted(near) + "?";
  return words.empty() ? "" : "Known here: " + joined(words) + ".";
}

/// How many characters the UTF-8 text has.
std::size_t characters(std::string_view text) {
  const auto begins = [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; };
  return static_cast<std::size_t>(std::ranges::count_if(text, begins));
}

/// The place `offset` bytes into the string `node`. Escapes and joined lines make it unknown: then the
/// beginning.
TomlPlace place_within(const TomlNode& node, std::string_view text, std::size_t offset) {
  const auto count = [](std::string_view part) {
    return static_cast<std::size_t>(std::ranges::count(part, '\n'));
  };
  const std::string_view before = text.substr(0, offset);
  const std::size_t column = characters(before.substr(before.rfind('\n') + 1)) + 1;
  const std::size_t line = count(before);
  const std::size_t height = node.end.line - node.begin.line;
  const bool begins_on_next_line = height == count(text) + 1;
  if (begins_on_next_line) return {node.begin.line + 1 + line, column};
  if (height != count(text)) return node.begin;
  if (line > 0) return {node.begin.line + line, column};
  const std::size_t width = node.end.column - node.begin.column;
  const bool is_plain = height == 0 && width == characters(text) + 2;
  return is_plain ? TomlPlace{node.begin.line, node.begin.column + column} : node.begin;
}

}  // namespace

std::string quoted(std::string_view text) {
  constexpr std::size_t k_most = 80;
  std::string line = "'";
  for (char c : text.substr(0, k_most))
    line += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
  return line + (text.size() > k_most ? "...'" : "'");
}

std::string joined(std::span<const std::string_view> words) {
  std::string text;
  for (std::string_view word : words)
    text += (text.empty() ? "" : ", ") + std::string(word);
  return text;
}

void Section::complain(TomlPlace place, std::string message, std::string hint) {
  state_->diagnostics->push_back(
      {state_->file, place.line, place.column, std::move(message), std::move(hint)});
}

void Section::report(std::string_view key, std::string message, std::string hint) {
  const TomlEntry* entry = find(state_->table(), key);
  complain(entry == nullptr ? state_->node->begin : entry->node.begin, std::move(message), std::move(hint));
}

void Section::report_key(std::string_view key, std::string message, std::string hint) {
  const TomlEntry* entry = find(state_->table(), key);
  complain(entry == nullptr ? state_->node->begin : entry->place, std::move(message), std::move(hint));
}

void Section::report_element(std::string_view key, std::size_t index, std::string message, std::string hint) {
  const TomlEntry* entry = find(state_->table(), key);
  const auto* array = entry == nullptr ? nullptr : std::get_if<TomlArray>(&entry->node.value);
  if (array == nullptr || index >= array->size()) return report(key, std::move(message), std::move(hint));
  complain((*array)[index].begin, std::move(message), std::move(hint));
}

void Section::report_within(std::string_view key, std::size_t offset, std::string message, std::string hint) {
  const TomlEntry* entry = find(state_->table(), key);
  const auto* text = entry == nullptr ? nullptr : std::get_if<std::string>(&entry->node.value);
  if (text == nullptr || offset > text->size()) return report(key, std::move(message), std::move(hint));
  complain(place_within(entry->node, *text, offset), std::move(message), std::move(hint));
}

void Section::report_here(std::string message, std::string hint) {
  complain(state_->node->begin, std::move(message), std::move(hint));
}

void Section::finish() {
  const std::vector<std::string_view> known(state_->known.begin(), state_->known.end());
  for (const TomlEntry& entry : state_->table())
    if (!is_in(known, entry.key))
      complain(entry.place, "unknown key " + quoted(entry.key), unknown_key_hint(entry.key, known));
}

}  // namespace pgvigil
