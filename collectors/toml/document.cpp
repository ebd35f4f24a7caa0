#include "collectors/toml/document.h"

#include <toml++/toml.h>

#include <algorithm>
#include <tuple>

#include "collectors/toml/node.h"
#include "collectors/toml/section_state.h"

namespace pgvigil {
namespace {

constexpr std::size_t k_most_bytes = 1024 * 1024;
constexpr std::size_t k_most_depth = 32;

/// toml++ destroys nested tables recursively and sets no bound to dotted keys: the stack would.
constexpr std::size_t k_most_dots = 200;

/// Where a dotted key of more parts than anybody means begins.
std::optional<std::size_t> overlong_key(std::string_view text) {
  constexpr std::string_view k_key_characters =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-. \t\"'";
  std::size_t dots = 0;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!k_key_characters.contains(text[i])) {
      dots = 0;
      begin = i + 1;
    }
    if (text[i] == '.' && ++dots > k_most_dots) return begin;
  }
  return std::nullopt;
}

TomlPlace place_of(const toml::source_position& position) {
  return {position.line, position.column};
}

/// The library's words as one of our messages: without its preamble, and on one line.
std::string message_of(const toml::parse_error& fault) {
  std::string_view words = fault.description();
  constexpr std::string_view k_preamble = "Error while parsing ";
  if (words.starts_with(k_preamble)) words.remove_prefix(k_preamble.size());
  std::string message = "this is not TOML: ";
  for (char c : words) {
    if (c == '\n')
      message += "\\n";
    else if (c != '\r')
      message += c;
  }
  return message;
}

/// The usual reason for a value that is none.
std::string hint_of(const toml::parse_error& fault) {
  constexpr std::string_view k_bare_words[] = {"value type", "decimal integer", "floating-point", "boolean"};
  for (std::string_view sign : k_bare_words)
    if (fault.description().find(sign) != std::string_view::npos)
      return "Text and durations stand in quotes.";
  return "";
}

/// Copies the library's tree, so that nothing else has to know the library.
class Copier {
 public:
  /// Nothing when a table lies too deep.
  std::optional<TomlNode> copy(const toml::node& from, std::size_t depth = 0) {
    TomlNode to;
    to.begin = place_of(from.source().begin);
    to.end = place_of(from.source().end);
    if (depth > k_most_depth) {
      too_deep = to.begin;
      return std::nullopt;
    }
    if (const auto* table = from.as_table()) {
      auto copied = copy_table(*table, depth);
      if (!copied) return std::nullopt;
      to.value = std::move(*copied);
    } else if (const auto* array = from.as_array()) {
      TomlArray elements;
      for (const toml::node& element : *array) {
        auto copied = copy(element, depth + 1);
        if (!copied) return std::nullopt;
        elements.push_back(std::move(*copied));
      }
      to.value = std::move(elements);
    } else {
      to.value = copy_scalar(from);
    }
    return to;
  }

  TomlPlace too_deep;

 private:
  std::optional<TomlTable> copy_table(const toml::table& from, std::size_t depth) {
    TomlTable entries;
    for (const auto& [key, value] : from) {
      auto copied = copy(value, depth + 1);
      if (!copied) return std::nullopt;
      entries.push_back({std::string(key.str()), place_of(key.source().begin), std::move(*copied)});
    }
    std::ranges::stable_sort(
        entries, {}, [](const TomlEntry& entry) { return std::tuple(entry.place.line, entry.place.column); });
    return entries;
  }

  static TomlNode::Value copy_scalar(const toml::node& from) {
    if (const auto* text = from.as_string()) return text->get();
    if (const auto* integer = from.as_integer()) return integer->get();
    if (const auto* number = from.as_floating_point()) return number->get();
    if (const auto* boolean = from.as_boolean()) return boolean->get();
    return TomlDate{};
  }
};

}  // namespace

std::expected<TomlDocument, Diagnostic> TomlDocument::parse(std::string_view text, std::string file) {
  if (text.size() > k_most_bytes)
    return std::unexpected(Diagnostic{file, 0, 0, "the file is larger than 1 MiB", "Split it."});
  if (const auto begin = overlong_key(text)) {
    const auto line = static_cast<std::size_t>(std::ranges::count(text.substr(0, *begin), '\n')) + 1;
    return std::unexpected(Diagnostic{file, line, 0, "a dotted key has more than 200 parts", ""});
  }
  try {
    Copier copier;
    auto root = copier.copy(toml::parse(text));
    if (!root)
      return std::unexpected(
          Diagnostic{file, copier.too_deep.line, copier.too_deep.column, "tables are more than 32 deep", ""});
    root->begin = {1, 1};
    TomlDocument document;
    document.root_ = std::make_shared<const TomlNode>(std::move(*root));
    document.file_ = std::move(file);
    return document;
  } catch (const toml::parse_error& fault) {
    const TomlPlace place = place_of(fault.source().begin);
    return std::unexpected(Diagnostic{file, place.line, place.column, message_of(fault), hint_of(fault)});
  }
}

Section TomlDocument::root(Diagnostics& diagnostics) const {
  return Section(
      std::make_shared<Section::State>(Section::State{root_, root_.get(), file_, &diagnostics, {}}));
}

void sort_by_place(Diagnostics& diagnostics) {
  // Files keep the order in which their first mistake was found.
  std::vector<std::string> files;
  for (const Diagnostic& diagnostic : diagnostics)
    if (!is_in(files, diagnostic.file)) files.push_back(diagnostic.file);
  std::ranges::stable_sort(diagnostics, {}, [&](const Diagnostic& diagnostic) {
    return std::tuple(std::ranges::find(files, diagnostic.file) - files.begin(), diagnostic.line,
                      diagnostic.column);
  });
}

}  // namespace pgvigil
