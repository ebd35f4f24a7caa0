#include "rules/rule_file.h"

#include <algorithm>
#include <map>
#include <optional>

#include "rules/rule_parser.h"

namespace pgvigil::rules {
namespace {

using std::chrono::milliseconds;
using Intervals = std::vector<std::pair<std::string, milliseconds>>;

/// A parsed file: its document keeps what the sections show.
struct OpenFile {
  std::string name;
  Section root;
  bool is_user = false;
};

/// "rules.d/mine.toml" -> "mine"
std::string stem(std::string_view file) {
  const std::size_t slash = file.rfind('/');
  if (slash != file.npos) file.remove_prefix(slash + 1);
  if (file.ends_with(".toml")) file.remove_suffix(5);
  return std::string(file);
}

class Loader {
 public:
  explicit Loader(const MetricCatalog* catalog) : catalog_(catalog) {}

  void open(const std::vector<RuleFile>& files, bool are_users) {
    for (const RuleFile& file : files) {
      auto document = TomlDocument::parse(file.text, file.name);
      if (!document)
        mistakes_.push_back(document.error());
      else
        files_.push_back({file.name, document->root(mistakes_), are_users});
    }
  }

  std::expected<RuleBook, Diagnostics> load() {
    for (OpenFile& file : files_)
      if (file.is_user) read_overrides(file);
    for (OpenFile& file : files_)
      read_rules(file);
    for (auto& [name, section] : overrides_)
      report_unused_override(name, section);
    for (OpenFile& file : files_)
      file.root.finish();
    if (!mistakes_.empty()) {
      sort_by_place(mistakes_);
      return std::unexpected(std::move(mistakes_));
    }
    sort_by_place(book_.warnings);
    return std::move(book_);
  }

 private:
  void read_overrides(OpenFile& file) {
    auto table = file.root.section("override");
    if (!table) return;
    for (auto& [name, section] : table->children()) {
      if (!overrides_.try_emplace(name, section).second)
        section.report_here("'" + name + "' is overridden twice");
    }
  }

  Intervals read_intervals(OpenFile& file, const std::string& own_group) {
    Intervals intervals;
    if (const auto interval = file.root.duration("interval")) intervals.emplace_back(own_group, *interval);
    auto groups = file.root.section("group");
    if (!groups) return intervals;
    for (auto& [name, section] : groups->children()) {
      section.require("interval");
      if (const auto interval = section.duration("interval")) intervals.emplace_back(name, *interval);
      section.finish();
    }
    return intervals;
  }

  void read_rules(OpenFile& file) {
    const std::string group = stem(file.name);
    const Intervals intervals = read_intervals(file, group);
    const RuleContext context{file.name, group, intervals, catalog_};
    Reports reports{mistakes_, book_.warnings};
    for (Section& section : file.root.sections("rule")) {
      const std::string name(section.peek("alert").value_or(section.peek("record").value_or("")));
      std::optional<Section> overrides;
      if (const auto found = overrides_.find(name); found != overrides_.end()) overrides = found->second;
      names_.push_back(name);
      auto rule = parse_rule(section, overrides, context, reports);
      if (rule) add(std::move(*rule), file.is_user, section);
    }
  }

  /// Adds the rule; a user's alert takes the place of a shipped one of the same name.
  void add(Rule rule, bool is_user, Section& section) {
    const auto same = std::ranges::find_if(book_.rules, [&](const Rule& other) {
      return other.kind == RuleKind::alert && rule.kind == RuleKind::alert && other.name == rule.name;
    });
    if (same == book_.rules.end()) {
      from_user_.push_back(is_user);
      book_.rules.push_back(std::move(rule));
      return;
    }
    const auto index = static_cast<std::size_t>(same - book_.rules.begin());
    if (from_user_[index] == is_user) {
      section.report("alert",
                     "the alert '" + rule.name + "' is defined twice, first in " + same->file + ":" +
                         std::to_string(same->line),
                     "State is kept under an alert's name: give each its own.");
      return;
    }
    *same = std::move(rule);
    from_user_[index] = is_user;
  }

  void report_unused_override(const std::string& name, Section& section) {
    if (std::ranges::find(names_, name) != names_.end()) return;
    const std::vector<std::string_view> known(names_.begin(), names_.end());
    const std::string_view near = nearest(name, known);
    section.report_here("there is no rule '" + name + "' to override",
                        near.empty() ? "" : "Did you mean '" + std::string(near) + "'?");
  }

  const MetricCatalog* catalog_;
  Diagnostics mistakes_;
  std::vector<OpenFile> files_;
  std::map<std::string, Section> overrides_;
  std::vector<std::string> names_;  // of all rules, wrong ones too
  std::vector<bool> from_user_;     // one a rule of the book
  RuleBook book_;
};

}  // namespace

std::expected<RuleBook, Diagnostics> load_rules(const std::vector<RuleFile>& shipped,
                                                const std::vector<RuleFile>& user,
                                                const MetricCatalog* catalog) {
  Loader loader(catalog);
  loader.open(shipped, false);
  loader.open(user, true);
  return loader.load();
}

}  // namespace pgvigil::rules
