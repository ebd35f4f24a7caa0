#include "agent/commands/rules_import_toml.h"

#include <algorithm>
#include <map>
#include <set>

#include "agent/commands/toml_text.h"
#include "collectors/model/names.h"
#include "collectors/model/quantity.h"
#include "rules/promql/duration.h"
#include "rules/promql/parser.h"
#include "rules/template/template.h"

namespace pgvigil::agent {
namespace {

std::string without_outer_space(std::string_view text) {
  constexpr std::string_view k_space = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(k_space);
  if (begin == text.npos) return "";
  return std::string(text.substr(begin, text.find_last_not_of(k_space) + 1 - begin));
}

std::string capitalised(std::string word) {
  if (!word.empty() && word[0] >= 'a' && word[0] <= 'z') word[0] = static_cast<char>(word[0] - 'a' + 'A');
  return word;
}

class Importer {
 public:
  void add(const PrometheusRuleFile& file) {
    file_ = file.name;
    line((result_.toml.empty() ? "# From " : "\n\n# From ") + file_ + ".");
    for (const PrometheusGroup& group : file.groups)
      add_group(group);
  }

  ImportedRules take() { return std::move(result_); }

 private:
  void note(std::size_t line, std::string message, std::string hint = {}) {
    result_.changes.push_back({file_, line, 0, std::move(message), std::move(hint)});
  }

  void line(const std::string& text) { result_.toml += text + "\n"; }

  /// Milliseconds; nothing, and a word about it, when it is no duration.
  std::optional<std::chrono::milliseconds> duration(const std::string& key,
                                                    const std::optional<PlacedText>& placed) {
    if (!placed) return std::nullopt;
    const auto parsed = promql::parse_duration(placed->text);
    if (parsed) return std::chrono::milliseconds{*parsed};
    note(placed->line, "'" + key + "' is left out: " + parsed.error());
    return std::nullopt;
  }

  void add_group(const PrometheusGroup& group) {
    const auto interval = duration("interval", group.interval).value_or(std::chrono::milliseconds{0});
    const std::string name = group_name(group, interval);
    if (intervals_.try_emplace(name, interval).second && interval.count() > 0) {
      line("\n[group." + toml_key(name) + "]");
      line("interval = \"" + duration_text(interval) + "\"");
    }
    for (const PrometheusRule& rule : group.rules)
      add_rule(rule, group, name);
  }

  /// The group's name; another one where a group of this name has another interval.
  std::string group_name(const PrometheusGroup& group, std::chrono::milliseconds interval) {
    std::string name = group.name.text;
    for (int number = 2;; ++number) {
      const auto known = intervals_.find(name);
      if (known == intervals_.end() || known->second == interval) break;
      name = group.name.text + "-" + std::to_string(number);
    }
    if (name != group.name.text)
      note(group.name.line,
           "the group is called '" + name + "' here: another '" + group.name.text + "' has another interval");
    return name;
  }

  void add_rule(const PrometheusRule& rule, const PrometheusGroup& group, const std::string& group_name) {
    const auto& name = rule.alert ? rule.alert : rule.record;
    const std::string shown = name ? "'" + name->text + "'" : "a rule without a name";
    const auto expr = expression(rule);
    if (!name || name->text.empty() || !expr)
      return note(rule.line, shown + " is left out", name && expr ? "" : hint_);
    if (rule.record && !MetricName::parse(rule.record->text))
      return note(rule.line, shown + " is left out: it is no name of a metric");
    const PlacedTexts labels = labels_of(rule, group);
    begin_rule(rule, rule.alert ? alert_name(*rule.alert, labels) : rule.record->text);
    if (!group_name.empty()) line("group = " + toml_string(group_name));
    line("expr = " + toml_string(*expr));
    if (rule.alert) add_times(rule);
    add_table("labels", labels);
    if (rule.alert)
      add_table("annotations", usable("annotation", rule.annotations));
    else
      tell_what_records_lack(rule);
  }

  std::optional<std::string> expression(const PrometheusRule& rule) {
    hint_ = "It has no name, or no expression.";
    if (!rule.expr) return std::nullopt;
    std::string text = without_outer_space(rule.expr->text);
    const auto tree = promql::parse_expression(text);
    hint_ = "It cannot be evaluated here.";
    if (!tree) {
      note(rule.expr->line, "the expression is not understood: " + tree.error().message);
      return std::nullopt;
    }
    const promql::ValueType type = (*tree)->type;
    if (type == promql::ValueType::vector || type == promql::ValueType::scalar) return text;
    note(rule.expr->line, "the expression gives a " + std::string(promql::documented_name(type)) +
                              ", and a rule needs an instant vector or a scalar");
    return std::nullopt;
  }

  void begin_rule(const PrometheusRule& rule, const std::string& name) {
    line("");
    const auto lines = static_cast<std::size_t>(std::ranges::count(result_.toml, '\n'));
    result_.origins.push_back({lines + 1, file_, rule.line});
    ++result_.rules;
    line("[[rule]]");
    line((rule.alert ? "alert = " : "record = ") + toml_string(name));
  }

  /// The alert's name; where it is taken, with its severity, or a number, behind it.
  std::string alert_name(const PlacedText& alert, const PlacedTexts& labels) {
    if (names_.insert(alert.text).second) return alert.text;
    const auto severity = std::ranges::find(labels, "severity", &PlacedTexts::value_type::first);
    std::string name = alert.text;
    if (severity != labels.end() && !severity->second.text.contains('{'))
      name += capitalised(severity->second.text);
    for (int number = 2; !names_.insert(name).second; ++number)
      name = alert.text + std::to_string(number);
    note(alert.line, "'" + alert.text + "' is called '" + name + "' here: an alert of that name is there",
         "State is kept under an alert's name, so each has its own.");
    return name;
  }

  void add_times(const PrometheusRule& rule) {
    if (const auto time = duration("for", rule.hold_for); time && time->count() > 0)
      line("for = \"" + duration_text(*time) + "\"");
    if (const auto time = duration("keep_firing_for", rule.keep_firing_for); time && time->count() > 0)
      line("keep_firing_for = \"" + duration_text(*time) + "\"");
  }

  void tell_what_records_lack(const PrometheusRule& rule) {
    if (rule.hold_for || rule.keep_firing_for || !rule.annotations.empty())
      note(rule.line, "'for' and annotations of the record '" + rule.record->text + "' are left out",
           "They are for alerts.");
  }

  /// The rule's labels and those of its group that it does not set itself.
  PlacedTexts labels_of(const PrometheusRule& rule, const PrometheusGroup& group) {
    PlacedTexts labels = rule.labels;
    for (const auto& label : group.labels)
      if (std::ranges::find(labels, label.first, &PlacedTexts::value_type::first) == labels.end())
        labels.push_back(label);
    return usable("label", labels);
  }

  /// The entries that a rule of ours may have.
  PlacedTexts usable(const std::string& what, const PlacedTexts& texts) {
    PlacedTexts kept;
    for (const auto& [name, placed] : texts) {
      std::string why;
      if (!LabelName::parse(name)) why = "this is no label name";
      if (what == "label" && name == "alertname") why = "this is the rule's name";
      if (const auto parsed = rules::Template::parse(placed.text); why.empty() && !parsed)
        why = parsed.error().message;
      if (why.empty())
        kept.emplace_back(name, placed);
      else
        note(placed.line, "the " + what + " '" + name + "' is left out: " + why);
    }
    return kept;
  }

  void add_table(const std::string& name, const PlacedTexts& texts) {
    if (texts.empty()) return;
    line("\n[rule." + name + "]");
    for (const auto& [key, placed] : texts)
      line(key + " = " + toml_string(placed.text));
  }

  std::string file_;
  std::string hint_;  // why the last expression is not there
  std::map<std::string, std::chrono::milliseconds> intervals_;
  std::set<std::string> names_;  // of alerts
  ImportedRules result_;
};

}  // namespace

Diagnostic ImportedRules::origin(std::size_t line) const {
  const auto after = std::ranges::upper_bound(origins, line, {}, &Origin::toml_line);
  if (after == origins.begin()) return {};
  return {std::prev(after)->file, std::prev(after)->line, 0, "", ""};
}

ImportedRules import_rules(std::span<const PrometheusRuleFile> files) {
  Importer importer;
  for (const PrometheusRuleFile& file : files)
    importer.add(file);
  return importer.take();
}

}  // namespace pgvigil::agent
