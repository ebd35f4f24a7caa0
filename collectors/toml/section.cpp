#include <algorithm>
#include <cmath>

#include "collectors/model/quantity.h"
#include "collectors/toml/section_state.h"

namespace pgvigil {
namespace {

std::string_view type_of(const TomlNode& node) {
  constexpr std::string_view k_types[] = {"a string", "an integer", "a float", "a boolean",
                                          "a date",   "an array",   "a table"};
  return k_types[node.value.index()];
}

}  // namespace

const TomlEntry* find(const TomlTable& table, std::string_view key) {
  const auto found = std::ranges::find(table, key, &TomlEntry::key);
  return found == table.end() ? nullptr : &*found;
}

Section::Section(std::shared_ptr<State> state) : state_(std::move(state)) {}

const TomlNode* Section::ask(std::string_view key) {
  know(key);
  const TomlEntry* entry = find(state_->table(), key);
  return entry == nullptr ? nullptr : &entry->node;
}

void Section::know(std::string_view key) {
  if (!is_in(state_->known, key)) state_->known.emplace_back(key);
}

Section Section::below(const TomlNode& table) const {
  return Section(std::make_shared<State>(State{state_->root, &table, state_->file, state_->diagnostics, {}}));
}

void Section::wrong_type(std::string_view name,
                         const TomlNode& found,
                         std::string_view wanted,
                         std::string hint) {
  complain(found.begin,
           quoted(name) + " must be " + std::string(wanted) + ", not " + std::string(type_of(found)),
           std::move(hint));
}

std::optional<std::string> Section::text_of(std::string_view name, const TomlNode& node) {
  const auto* text = std::get_if<std::string>(&node.value);
  if (text == nullptr) {
    wrong_type(name, node, "a string", "");
    return std::nullopt;
  }
  if (text->contains('\0')) {
    complain(node.begin, quoted(name) + " holds a null character", "");
    return std::nullopt;
  }
  return *text;
}

std::optional<std::size_t> Section::word_of(std::string_view name,
                                            const TomlNode& node,
                                            std::span<const std::string_view> words) {
  const auto word = text_of(name, node);
  if (!word) return std::nullopt;
  const auto found = std::ranges::find(words, *word);
  if (found != words.end()) return static_cast<std::size_t>(found - words.begin());
  const std::string_view near = nearest(*word, words);
  complain(node.begin, quoted(name) + " must be one of " + joined(words) + ", not " + quoted(*word),
           near.empty() ? "" : "Did you mean " + quoted(near) + "?");
  return std::nullopt;
}

std::optional<std::string> Section::string(std::string_view key) {
  const TomlNode* node = ask(key);
  return node == nullptr ? std::nullopt : text_of(key, *node);
}

std::optional<std::int64_t> Section::integer(std::string_view key, std::int64_t least, std::int64_t most) {
  const TomlNode* node = ask(key);
  if (node == nullptr) return std::nullopt;
  const auto* integer = std::get_if<std::int64_t>(&node->value);
  if (integer == nullptr) {
    wrong_type(key, *node, "an integer", "");
    return std::nullopt;
  }
  if (*integer >= least && *integer <= most) return *integer;
  complain(node->begin,
           quoted(key) + " must be from " + std::to_string(least) + " to " + std::to_string(most) + ", not " +
               std::to_string(*integer),
           "");
  return std::nullopt;
}

std::optional<double> Section::number(std::string_view key) {
  const TomlNode* node = ask(key);
  if (node == nullptr) return std::nullopt;
  if (const auto* integer = std::get_if<std::int64_t>(&node->value)) return static_cast<double>(*integer);
  const auto* number = std::get_if<double>(&node->value);
  if (number == nullptr) {
    wrong_type(key, *node, "a number", "");
    return std::nullopt;
  }
  if (std::isfinite(*number)) return *number;
  complain(node->begin, quoted(key) + " must be a finite number", "");
  return std::nullopt;
}

std::optional<bool> Section::boolean(std::string_view key) {
  const TomlNode* node = ask(key);
  if (node == nullptr) return std::nullopt;
  if (const auto* boolean = std::get_if<bool>(&node->value)) return *boolean;
  wrong_type(key, *node, "true or false", "");
  return std::nullopt;
}

std::optional<std::chrono::milliseconds> Section::duration(std::string_view key,
                                                           std::chrono::milliseconds least) {
  const TomlNode* node = ask(key);
  if (node == nullptr) return std::nullopt;
  constexpr std::string_view k_hint =
      "Write a number and a unit, in quotes: \"500ms\", \"15s\", \"1m30s\", \"2h\".";
  const auto* text = std::get_if<std::string>(&node->value);
  if (text == nullptr) {
    wrong_type(key, *node, "a duration", std::string(k_hint));
    return std::nullopt;
  }
  const auto duration = parse_duration(*text);
  if (!duration) {
    complain(node->begin, quoted(key) + " must be a duration, not " + quoted(*text), std::string(k_hint));
    return std::nullopt;
  }
  if (*duration >= least) return duration;
  complain(node->begin,
           quoted(key) + " must be at least " + duration_text(least) + ", not " + duration_text(*duration),
           "");
  return std::nullopt;
}

std::optional<Bytes> Section::bytes(std::string_view key) {
  const TomlNode* node = ask(key);
  if (node == nullptr) return std::nullopt;
  const auto* integer = std::get_if<std::int64_t>(&node->value);
  if (integer != nullptr && *integer >= 0) return Bytes{static_cast<std::uint64_t>(*integer)};
  const auto* text = std::get_if<std::string>(&node->value);
  if (text == nullptr && integer == nullptr) {
    wrong_type(key, *node, "a size", "Write \"64MB\", \"16MiB\" or a number of bytes.");
    return std::nullopt;
  }
  if (text != nullptr)
    if (const auto size = parse_bytes(*text)) return size;
  complain(node->begin,
           quoted(key) + " must be a size, not " + quoted(text == nullptr ? std::to_string(*integer) : *text),
           "Write \"64MB\", \"16MiB\" or a number of bytes.");
  return std::nullopt;
}

std::optional<std::vector<std::string>> Section::strings(std::string_view key) {
  const TomlNode* node = ask(key);
  if (node == nullptr) return std::nullopt;
  const auto* array = std::get_if<TomlArray>(&node->value);
  if (array == nullptr) {
    wrong_type(key, *node, "a list of strings", "");
    return std::nullopt;
  }
  std::vector<std::string> texts;
  for (const TomlNode& element : *array)
    if (auto text = text_of(key, element)) texts.push_back(std::move(*text));
  if (texts.size() < array->size()) return std::nullopt;
  return texts;
}

std::optional<std::size_t> Section::choice(std::string_view key, std::span<const std::string_view> words) {
  const TomlNode* node = ask(key);
  return node == nullptr ? std::nullopt : word_of(key, *node, words);
}

std::optional<std::vector<std::size_t>> Section::choices(std::string_view key,
                                                         std::span<const std::string_view> words) {
  const TomlNode* node = ask(key);
  if (node == nullptr) return std::nullopt;
  const auto* array = std::get_if<TomlArray>(&node->value);
  if (array == nullptr || array->empty()) {
    wrong_type(key, *node, "a list of at least one of " + joined(words), "");
    return std::nullopt;
  }
  std::vector<std::size_t> chosen;
  for (const TomlNode& element : *array) {
    const auto word = word_of(key, element, words);
    if (!word) continue;
    if (is_in(chosen, *word))
      complain(element.begin, quoted(words[*word]) + " stands twice in " + quoted(key), "");
    else
      chosen.push_back(*word);
  }
  if (chosen.size() < array->size()) return std::nullopt;
  return chosen;
}

std::optional<Section> Section::section(std::string_view key) {
  const TomlNode* node = ask(key);
  if (node == nullptr) return std::nullopt;
  if (std::holds_alternative<TomlTable>(node->value)) return below(*node);
  wrong_type(key, *node, "a table", "Write [" + std::string(key) + "].");
  return std::nullopt;
}

std::vector<Section> Section::sections(std::string_view key) {
  const TomlNode* node = ask(key);
  if (node == nullptr) return {};
  const auto is_table = [](const TomlNode& element) {
    return std::holds_alternative<TomlTable>(element.value);
  };
  const auto* array = std::get_if<TomlArray>(&node->value);
  if (array == nullptr || !std::ranges::all_of(*array, is_table)) {
    wrong_type(key, *node, "an array of tables", "Write [[" + std::string(key) + "]].");
    return {};
  }
  std::vector<Section> tables;
  for (const TomlNode& element : *array)
    tables.push_back(below(element));
  return tables;
}

std::vector<std::pair<std::string, Section>> Section::children() {
  std::vector<std::pair<std::string, Section>> tables;
  for (const TomlEntry& entry : state_->table())
    if (auto table = section(entry.key)) tables.emplace_back(entry.key, *table);
  return tables;
}

std::vector<std::pair<std::string, std::string>> Section::string_map() {
  std::vector<std::pair<std::string, std::string>> map;
  for (const TomlEntry& entry : state_->table())
    if (auto text = string(entry.key)) map.emplace_back(entry.key, std::move(*text));
  return map;
}

std::vector<std::string> Section::keys() const {
  std::vector<std::string> keys;
  for (const TomlEntry& entry : state_->table())
    keys.push_back(entry.key);
  return keys;
}

std::optional<std::string_view> Section::peek(std::string_view key) const {
  const TomlEntry* entry = find(state_->table(), key);
  const auto* text = entry == nullptr ? nullptr : std::get_if<std::string>(&entry->node.value);
  return text == nullptr ? std::nullopt : std::optional<std::string_view>(*text);
}

bool Section::has(std::string_view key) const {
  return find(state_->table(), key) != nullptr;
}

bool Section::has_array(std::string_view key) const {
  const TomlEntry* entry = find(state_->table(), key);
  return entry != nullptr && std::holds_alternative<TomlArray>(entry->node.value);
}

bool Section::require(std::string_view key) {
  if (ask(key) != nullptr) return true;
  complain(state_->node->begin, "missing key " + quoted(key), "");
  return false;
}

std::size_t Section::line() const {
  return state_->node->begin.line;
}

std::size_t Section::line_of(std::string_view key) const {
  const TomlEntry* entry = find(state_->table(), key);
  return entry == nullptr ? line() : entry->node.begin.line;
}

}  // namespace pgvigil
