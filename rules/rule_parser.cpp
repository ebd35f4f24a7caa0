#include "rules/rule_parser.h"

#include <algorithm>
#include <array>
#include <iterator>

#include "rules/lint.h"
#include "rules/promql/parser.h"

namespace pgvigil::rules {
namespace {

using std::chrono::milliseconds;

constexpr std::array<std::string_view, 3> k_no_data_words = {"resolve", "hold", "fire"};
constexpr std::array<std::string_view, 2> k_scope_words = {"node", "cluster"};

/// A text of the file with its parameters filled in, to report mistakes at the right place.
struct SourceText {
  std::string key;
  FilledText filled;
};

class RuleParser {
 public:
  RuleParser(Section section, std::optional<Section> overrides, const RuleContext& context, Reports& reports)
      : section_(std::move(section)),
        overrides_(std::move(overrides)),
        context_(context),
        reports_(reports) {}

  std::optional<Rule> parse() {
    const std::size_t before = reports_.mistakes.size();
    read_head();
    read_parameters();
    read_times();
    read_expressions();
    read_templates();
    rule_.evidence = section_.strings("evidence").value_or(std::vector<std::string>());
    for (Section& test : tests())
      rule_.tests.push_back(parse_rule_test(std::move(test), rule_.kind));
    if (rule_.kind == RuleKind::record) refuse_what_alerts_have();
    section_.finish();
    if (overrides_) overrides_->finish();
    if (reports_.mistakes.size() > before) return std::nullopt;
    report_findings();
    return std::move(rule_);
  }

 private:
  std::vector<Section> tests() { return section_.sections("test"); }

  void read_head() {
    rule_.file = context_.file;
    rule_.line = section_.line();
    const auto alert = section_.string("alert");
    const auto record = section_.string("record");
    if (alert && record) section_.report("record", "a rule is an alert or a record, not both");
    if (!section_.has("alert") && !section_.has("record"))
      section_.report_here("missing key 'alert' (or 'record')", "Name the alert: alert = \"PostgresDown\".");
    rule_.kind = record ? RuleKind::record : RuleKind::alert;
    rule_.name = record ? *record : alert.value_or("");
    if (alert && alert->empty()) section_.report("alert", "'alert' is empty");
    if (record && !MetricName::parse(*record)) section_.report("record", "'record' must be a metric name");
    rule_.group = section_.string("group").value_or(context_.group);
    const auto known =
        std::ranges::find(context_.intervals, rule_.group, &std::pair<std::string, milliseconds>::first);
    rule_.interval = known == context_.intervals.end() ? milliseconds{0} : known->second;
    rule_.enabled = section_.boolean("enabled").value_or(true);
    if (overrides_) rule_.enabled = overrides_->boolean("enabled").value_or(rule_.enabled);
  }

  static std::optional<Parameter> read_parameter(Section& table, const std::string& name) {
    if (!table.peek(name)) {
      const auto number = table.number(name);
      return number ? std::optional(make_parameter(name, *number)) : std::nullopt;
    }
    const auto text = table.string(name);
    return text ? std::optional(make_parameter(name, *text)) : std::nullopt;
  }

  void read_parameters() {
    std::vector<std::string_view> names;
    if (auto table = section_.section("parameters")) {
      for (const std::string& name : table->keys()) {
        auto parameter = read_parameter(*table, name);
        if (!parameter) continue;
        if (!is_parameter_name(name))
          table->report_key(
              name, "'" + name + "' cannot be the name of a parameter",
              "Use letters, digits and '_'; labels, value, externalLabels and externalURL are taken.");
        rule_.parameters.push_back(std::move(*parameter));
      }
    }
    for (const Parameter& parameter : rule_.parameters)
      names.push_back(parameter.name);
    auto table = overrides_ ? overrides_->section("parameters") : std::nullopt;
    if (!table) return;
    for (const std::string& name : table->keys()) {
      auto parameter = read_parameter(*table, name);
      if (!parameter) continue;
      const auto known = std::ranges::find(rule_.parameters, name, &Parameter::name);
      if (known == rule_.parameters.end()) {
        const std::string_view near = nearest(name, names);
        table->report_key(name, "the rule has no parameter '" + name + "'",
                          near.empty() ? "" : "Did you mean '" + std::string(near) + "'?");
      } else if (known->number.has_value() != parameter->number.has_value()) {
        table->report(name, "'" + name + "' must be of the kind of '" + known->written + "'");
      } else {
        *known = std::move(*parameter);
      }
    }
  }

  milliseconds read_time(std::string_view key) {
    const auto own = section_.duration(key, milliseconds{0});
    const auto overriding = overrides_ ? overrides_->duration(key, milliseconds{0}) : std::nullopt;
    return overriding.value_or(own.value_or(milliseconds{0}));
  }

  void read_scope(Section& section) {
    if (const auto word = section.choice("scope", k_scope_words)) rule_.scope = static_cast<RuleScope>(*word);
  }

  void read_times() {
    rule_.hold_for = read_time("for");
    rule_.keep_firing_for = read_time("keep_firing_for");
    read_scope(section_);
    if (overrides_) read_scope(*overrides_);
    if (const auto word = section_.choice("on_nodata", k_no_data_words))
      rule_.on_nodata = static_cast<NoData>(*word);
    if (auto flap = section_.section("flap")) {
      FlapSettings settings;
      flap->require("within");
      settings.within = flap->duration("within").value_or(milliseconds{1});
      settings.changes = static_cast<unsigned>(flap->integer("changes", 2, 1000).value_or(settings.changes));
      flap->finish();
      rule_.flap = settings;
    }
  }

  std::optional<Expression> read_expression(const std::string& key) {
    const auto text = section_.string(key);
    if (!text) return std::nullopt;
    auto filled = fill_expression(*text, rule_.parameters);
    if (!filled) {
      section_.report_within(key, filled.error().offset, filled.error().message);
      return std::nullopt;
    }
    auto tree = promql::parse_expression(filled->text);
    if (!tree) {
      section_.report_within(key, filled->source_offset(tree.error().span.begin), tree.error().message);
      return std::nullopt;
    }
    const promql::ValueType type = (*tree)->type;
    if (type != promql::ValueType::vector && type != promql::ValueType::scalar) {
      section_.report(key, "the expression of a rule must be an instant vector or a scalar, not a " +
                               std::string(promql::documented_name(type)));
      return std::nullopt;
    }
    sources_.push_back({key, *filled});
    return Expression{std::move(filled->text), std::shared_ptr<const promql::Expr>(std::move(*tree))};
  }

  void read_expressions() {
    section_.require("expr");
    if (auto expr = read_expression("expr")) rule_.expr = std::move(*expr);
    rule_.clear = read_expression("clear");
  }

  void read_template_table(const std::string& key, std::vector<NamedTemplate>& into) {
    auto table = section_.section(key);
    if (!table) return;
    for (auto& [name, text] : table->string_map()) {
      if (!LabelName::parse(name)) table->report_key(name, "'" + name + "' is no label name");
      if (key == "labels" && name == "alertname") table->report_key(name, "'alertname' is the rule's name");
      FilledText filled = fill_template(text, rule_.parameters);
      auto parsed = Template::parse(filled.text);
      if (!parsed) {
        table->report_within(name, filled.source_offset(parsed.error().offset), parsed.error().message);
        continue;
      }
      into.push_back({name, std::move(filled.text), std::move(*parsed)});
    }
  }

  void read_templates() {
    read_template_table("labels", rule_.labels);
    read_template_table("annotations", rule_.annotations);
    if (!overrides_) return;
    const auto severity = overrides_->string("severity");
    if (!severity) return;
    auto parsed = Template::parse(*severity);
    if (!parsed) return overrides_->report("severity", parsed.error().message);
    std::erase_if(rule_.labels, [](const NamedTemplate& label) { return label.name == "severity"; });
    rule_.labels.push_back({"severity", *severity, std::move(*parsed)});
  }

  void refuse_what_alerts_have() {
    for (std::string_view key :
         {"for", "keep_firing_for", "annotations", "evidence", "scope", "clear", "on_nodata", "flap"}) {
      if (section_.has(key))
        section_.report_key(key, "'" + std::string(key) + "' is for alerts, and this is a record");
    }
  }

  void report_findings() {
    if (!rule_.enabled) return;
    for (Finding& finding : lint(rule_, context_.catalog)) {
      const std::size_t before = reports_.mistakes.size();
      report(finding);
      reports_.as_warnings(before);
    }
  }

  void report(Finding& finding) {
    const std::string message = rule_.name + ": " + finding.message;
    switch (finding.where) {
      case Finding::Where::expr:
      case Finding::Where::clear: {
        const std::string key = finding.where == Finding::Where::expr ? "expr" : "clear";
        const auto source = std::ranges::find(sources_, key, &SourceText::key);
        const std::size_t offset =
            source == sources_.end() ? 0 : source->filled.source_offset(finding.span.begin);
        return section_.report_within(key, offset, message, finding.hint);
      }
      case Finding::Where::labels:
      case Finding::Where::annotations: {
        const char* key = finding.where == Finding::Where::labels ? "labels" : "annotations";
        if (auto table = section_.section(key)) return table->report(finding.key, message, finding.hint);
        break;
      }
      case Finding::Where::rule:
        break;
    }
    section_.report_here(message, finding.hint);
  }

  Section section_;
  std::optional<Section> overrides_;
  const RuleContext& context_;
  Reports& reports_;
  Rule rule_;
  std::vector<SourceText> sources_;
};

}  // namespace

std::string Rule::label(std::string_view label_name) const {
  const auto found = std::ranges::find(labels, label_name, &NamedTemplate::name);
  return found == labels.end() ? "" : found->text;
}

void Reports::as_warnings(std::size_t before) {
  const auto first = mistakes.begin() + static_cast<std::ptrdiff_t>(before);
  warnings.insert(warnings.end(), std::make_move_iterator(first), std::make_move_iterator(mistakes.end()));
  mistakes.erase(first, mistakes.end());
}

std::optional<Rule> parse_rule(Section section,
                               std::optional<Section> overrides,
                               const RuleContext& context,
                               Reports& reports) {
  return RuleParser(std::move(section), std::move(overrides), context, reports).parse();
}

}  // namespace pgvigil::rules
