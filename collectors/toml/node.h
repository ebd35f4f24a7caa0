#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace pgvigil {

/// Where something stands in a file, counted from 1.
struct TomlPlace {
  std::size_t line = 0;
  std::size_t column = 0;
};

struct TomlNode;

/// A date or a time: nothing of ours takes one.
struct TomlDate {};

using TomlArray = std::vector<TomlNode>;

struct TomlEntry;

/// The entries of a table in the order of the file.
using TomlTable = std::vector<TomlEntry>;

/// A value of a TOML file, independent of the library that parsed it.
struct TomlNode {
  using Value = std::variant<std::string, std::int64_t, double, bool, TomlDate, TomlArray, TomlTable>;
  Value value;
  TomlPlace begin;
  TomlPlace end;
};

struct TomlEntry {
  std::string key;
  TomlPlace place;  // of the key
  TomlNode node;
};

/// The entry called `key`, or null.
const TomlEntry* find(const TomlTable& table, std::string_view key);

}  // namespace pgvigil
