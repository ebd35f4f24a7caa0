#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "collectors/model/diagnostic.h"
#include "collectors/model/units.h"

namespace pgvigil {

struct TomlNode;
struct TomlPlace;

/// One table of a TOML file, read strictly: every getter notes its key as known and reports a value of the
/// wrong type or range; finish() reports every key that nobody asked for, with the nearest known one. All
/// mistakes go to the Diagnostics given to TomlDocument::root(), with file, line and column. A getter returns
/// nothing when the key is absent or its value was reported; has() tells which. Copies are cheap and share
/// what is known. Not thread-safe.
class Section {
 public:
  std::optional<std::string> string(std::string_view key);
  std::optional<std::int64_t> integer(std::string_view key, std::int64_t least, std::int64_t most);
  std::optional<double> number(std::string_view key);
  std::optional<bool> boolean(std::string_view key);
  /// See parse_duration(). More than 0 unless `least` says otherwise.
  std::optional<std::chrono::milliseconds> duration(
      std::string_view key, std::chrono::milliseconds least = std::chrono::milliseconds{1});
  /// See parse_bytes(); or a bare integer of bytes.
  std::optional<Bytes> bytes(std::string_view key);
  std::optional<std::vector<std::string>> strings(std::string_view key);
  /// The position in `words` of the string at `key`; another word is reported with the nearest of them.
  std::optional<std::size_t> choice(std::string_view key, std::span<const std::string_view> words);
  /// As choice(), for a list of at least one word, each at most once.
  std::optional<std::vector<std::size_t>> choices(std::string_view key,
                                                  std::span<const std::string_view> words);
  std::optional<Section> section(std::string_view key);
  std::vector<Section> sections(std::string_view key);  ///< an array of tables
  /// Every sub-table with its name, in the order of the file: for tables whose names the user chooses, such
  /// as [collector.locks].
  std::vector<std::pair<std::string, Section>> children();
  /// Every key with its string value, in the order of the file: for tables such as [labels].
  std::vector<std::pair<std::string, std::string>> string_map();
  /// Every key, in the order of the file. They count as known only when a getter asks for them.
  std::vector<std::string> keys() const;

  /// The string at `key`, without asking for it; nothing when something else or nothing is there.
  std::optional<std::string_view> peek(std::string_view key) const;
  bool has(std::string_view key) const;
  /// Whether there is an array at `key`, without asking for it.
  bool has_array(std::string_view key) const;
  /// Reports that `key` is missing, at the place of the table, unless it is there. Returns whether it is.
  bool require(std::string_view key);
  /// Reports a mistake at the place of `key`'s value (of the table, when the key is absent).
  void report(std::string_view key, std::string message, std::string hint = {});
  /// Reports a mistake at the place of `key` itself: for tables whose keys the user chooses.
  void report_key(std::string_view key, std::string message, std::string hint = {});
  /// Reports a mistake in the element `index` of the array at `key`.
  void report_element(std::string_view key, std::size_t index, std::string message, std::string hint = {});
  /// Reports a mistake `offset` bytes into the string at `key`, which may have many lines.
  void report_within(std::string_view key, std::size_t offset, std::string message, std::string hint = {});
  /// Reports a mistake of the table as a whole.
  void report_here(std::string message, std::string hint = {});
  /// Makes `key` known without reading it: for one that was refused by name.
  void know(std::string_view key);
  /// Reports every unknown key of this table. Call it once, after all getters.
  void finish();

  /// The line of the table's header.
  std::size_t line() const;
  /// The line of `key`'s value; of the table, when the key is absent.
  std::size_t line_of(std::string_view key) const;

 private:
  friend class TomlDocument;
  struct State;
  explicit Section(std::shared_ptr<State> state);
  const TomlNode* ask(std::string_view key);
  Section below(const TomlNode& table) const;
  void complain(TomlPlace place, std::string message, std::string hint);
  void wrong_type(std::string_view name, const TomlNode& found, std::string_view wanted, std::string hint);
  std::optional<std::string> text_of(std::string_view name, const TomlNode& node);
  std::optional<std::size_t> word_of(std::string_view name,
                                     const TomlNode& node,
                                     std::span<const std::string_view> words);
  std::shared_ptr<State> state_;
};

/// A parsed TOML file.
class TomlDocument {
 public:
  /// `file` is the name that diagnostics show. A syntax error is one diagnostic. A text of more than 1 MiB,
  /// or with tables more than 32 deep, is refused.
  static std::expected<TomlDocument, Diagnostic> parse(std::string_view text, std::string file);
  /// The root table; its mistakes, and those of every section below it, are appended to `diagnostics`, which
  /// must outlive all of them.
  Section root(Diagnostics& diagnostics) const;

 private:
  std::shared_ptr<const TomlNode> root_;
  std::string file_;
};

/// `diagnostics` in the order of the files' lines.
void sort_by_place(Diagnostics& diagnostics);

}  // namespace pgvigil
