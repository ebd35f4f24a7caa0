#pragma once

#include <algorithm>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "collectors/toml/document.h"
#include "collectors/toml/node.h"

namespace pgvigil {

/// What the copies of one Section share.
struct Section::State {
  std::shared_ptr<const TomlNode> root;  // keeps the nodes
  const TomlNode* node;                  // the table
  std::string file;
  Diagnostics* diagnostics;
  std::vector<std::string> known;

  const TomlTable& table() const { return std::get<TomlTable>(node->value); }
};

template <typename List, typename Item>
bool is_in(const List& list, const Item& item) {
  return std::ranges::find(list, item) != std::ranges::end(list);
}

/// 'text': on one line, and no longer than a message bears.
std::string quoted(std::string_view text);
/// "one, two, three"
std::string joined(std::span<const std::string_view> words);

}  // namespace pgvigil
