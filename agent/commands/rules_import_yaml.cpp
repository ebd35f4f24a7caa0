#include "agent/commands/rules_import_yaml.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>

namespace pgvigil::agent {
namespace {

std::size_t line_of(const YAML::Mark& mark) {
  return mark.line < 0 ? 0 : static_cast<std::size_t>(mark.line) + 1;
}

/// Reads nodes of the library into our types. The library throws only while it parses: every node is asked
/// for its kind first.
class Reader {
 public:
  Reader(const std::string& file, Diagnostics& left_out) : file_(file), left_out_(left_out) {}

  std::vector<PrometheusGroup> take() { return std::move(groups_); }
  bool found_rules() const { return found_rules_; }

  void read_document(const YAML::Node& document) {
    if (!document.IsMap()) return;
    for (const YAML::Node& item : list_at(document, "items"))
      read_document(item);
    const YAML::Node spec = at(document, "spec");
    const YAML::Node groups = at(spec.IsMap() ? spec : document, "groups");
    if (!groups.IsSequence()) return;
    found_rules_ = true;
    for (const YAML::Node& group : groups)
      read_group(group);
  }

 private:
  /// The value of `key`, or an undefined node.
  static YAML::Node at(const YAML::Node& map, const std::string& key) {
    return map.IsMap() && map[key] ? map[key] : YAML::Node();
  }

  static YAML::Node list_at(const YAML::Node& map, const std::string& key) {
    const YAML::Node list = at(map, key);
    return list.IsSequence() ? list : YAML::Node(YAML::NodeType::Sequence);
  }

  void note(std::size_t line, std::string message, std::string hint = {}) {
    left_out_.push_back({file_, line, 0, std::move(message), std::move(hint)});
  }

  /// Calls `visit` for the entries of a map, and of the maps that `<<` merges into it.
  template <typename Visit>
  void for_each_entry(const YAML::Node& map, const Visit& visit) {
    std::vector<std::string> own;
    for (const auto& entry : map)
      if (entry.first.IsScalar()) own.push_back(entry.first.Scalar());
    for (const auto& entry : map) {
      if (!entry.first.IsScalar()) {
        note(line_of(entry.first.Mark()), "a key that is no text is left out");
      } else if (entry.first.Scalar() != "<<") {
        visit(entry.first.Scalar(), entry.second);
      } else if (entry.second.IsMap()) {
        for (const auto& merged : entry.second)
          if (merged.first.IsScalar() && std::ranges::find(own, merged.first.Scalar()) == own.end())
            visit(merged.first.Scalar(), merged.second);
      }
    }
  }

  std::optional<PlacedText> text_of(const std::string& key, const YAML::Node& value) {
    if (value.IsScalar()) return PlacedText{value.Scalar(), line_of(value.Mark())};
    if (!value.IsNull()) note(line_of(value.Mark()), "'" + key + "' is no text and is left out");
    return std::nullopt;
  }

  PlacedTexts texts_of(const std::string& key, const YAML::Node& value) {
    PlacedTexts texts;
    if (!value.IsMap()) {
      if (!value.IsNull()) note(line_of(value.Mark()), "'" + key + "' is no map and is left out");
      return texts;
    }
    for_each_entry(value, [&](const std::string& name, const YAML::Node& inner) {
      if (auto text = text_of(name, inner)) texts.emplace_back(name, std::move(*text));
    });
    return texts;
  }

  void read_group(const YAML::Node& node) {
    if (!node.IsMap()) return note(line_of(node.Mark()), "a group that is no map is left out");
    PrometheusGroup group;
    group.name.line = line_of(node.Mark());
    for_each_entry(node, [&](const std::string& key, const YAML::Node& value) {
      if (key == "name") {
        group.name = text_of(key, value).value_or(group.name);
      } else if (key == "interval") {
        group.interval = text_of(key, value);
      } else if (key == "labels") {
        group.labels = texts_of(key, value);
      } else if (key == "rules" && value.IsSequence()) {
        for (const YAML::Node& rule : value)
          read_rule(rule, group);
      } else {
        note(line_of(value.Mark()),
             "'" + key + "' of the group '" + group.name.text + "' has no counterpart here and is left out");
      }
    });
    groups_.push_back(std::move(group));
  }

  void read_rule(const YAML::Node& node, PrometheusGroup& group) {
    if (!node.IsMap()) return note(line_of(node.Mark()), "a rule that is no map is left out");
    PrometheusRule rule;
    rule.line = line_of(node.Mark());
    for_each_entry(node, [&](const std::string& key, const YAML::Node& value) {
      if (key == "alert")
        rule.alert = text_of(key, value);
      else if (key == "record")
        rule.record = text_of(key, value);
      else if (key == "expr")
        rule.expr = text_of(key, value);
      else if (key == "for")
        rule.hold_for = text_of(key, value);
      else if (key == "keep_firing_for")
        rule.keep_firing_for = text_of(key, value);
      else if (key == "labels")
        rule.labels = texts_of(key, value);
      else if (key == "annotations")
        rule.annotations = texts_of(key, value);
      else
        note(line_of(value.Mark()), "'" + key + "' is no key of a rule that is known here, and is left out");
    });
    group.rules.push_back(std::move(rule));
  }

  const std::string& file_;
  Diagnostics& left_out_;
  std::vector<PrometheusGroup> groups_;
  bool found_rules_ = false;
};

}  // namespace

std::expected<std::vector<PrometheusGroup>, Diagnostic> read_prometheus_rules(std::string_view text,
                                                                              const std::string& file,
                                                                              Diagnostics& left_out) {
  Reader reader(file, left_out);
  try {
    for (const YAML::Node& document : YAML::LoadAll(std::string(text)))
      reader.read_document(document);
  } catch (const YAML::Exception& fault) {
    const auto column = fault.mark.column < 0 ? 0 : static_cast<std::size_t>(fault.mark.column) + 1;
    return std::unexpected(
        Diagnostic{file, line_of(fault.mark), column, "this is not YAML: " + fault.msg,
                   text.contains("{{") ? "A template of Helm has to be rendered first." : ""});
  }
  if (!reader.found_rules())
    return std::unexpected(Diagnostic{file, 0, 0, "there are no rules here",
                                      "A rule file has 'groups:', a PrometheusRule has them under 'spec:'."});
  return reader.take();
}

}  // namespace pgvigil::agent
