#include "agent/commands/rules_import_yaml.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <set>
#include <sstream>

#include "collectors/model/utf8.h"

namespace pgvigil::agent {
namespace {

/// Aliases let a short text unfold to anything.
constexpr std::size_t k_most_entries = 1'000'000;

std::size_t line_of(const YAML::Mark& mark) {
  return mark.line < 0 ? 0 : static_cast<std::size_t>(mark.line) + 1;
}

/// Hears nothing.
class Deaf final : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
  void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
  void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t, const std::string&) override {}
  void OnSequenceStart(const YAML::Mark&,
                       const std::string&,
                       YAML::anchor_t,
                       YAML::EmitterStyle::value) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {
  }
  void OnMapEnd() override {}
};

/// Where a comma stands in the place of a document yaml-cpp 0.7 finds documents without end, and LoadAll()
/// takes memory for each. No text has more than two for each line.
bool has_an_end(const std::string& text) {
  std::istringstream stream(text);
  YAML::Parser parser(stream);
  Deaf deaf;
  for (std::ptrdiff_t left = 2 + 2 * std::ranges::count(text, '\n'); left > 0; --left)
    if (!parser.HandleNextDocument(deaf)) return true;
  return false;
}

/// Reads nodes of the library into our types. The library throws only while it parses: every node is asked
/// for its kind first.
class Reader {
 public:
  Reader(const std::string& file, Diagnostics& left_out) : file_(file), left_out_(left_out) {}

  std::vector<PrometheusGroup> take() { return std::move(groups_); }
  bool found_rules() const { return found_rules_; }
  bool found_too_much() const { return entries_ > k_most_entries; }

  void read_document(const YAML::Node& document) {
    if (!document.IsMap()) return;
    // A List holds no lists.
    for (const YAML::Node& item : list_at(document, "items"))
      if (item.IsMap() && count()) read_resource(item);
    read_resource(document);
  }

 private:
  /// Whether one more entry may be read.
  bool count() { return ++entries_ <= k_most_entries; }

  void read_resource(const YAML::Node& document) {
    const YAML::Node spec = at(document, "spec");
    const YAML::Node groups = at(spec.IsMap() ? spec : document, "groups");
    if (!groups.IsSequence()) return;
    found_rules_ = true;
    for (const YAML::Node& group : groups)
      if (count()) read_group(group);
  }

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
    std::set<std::string> own;
    for (const auto& entry : map)
      if (entry.first.IsScalar()) own.insert(entry.first.Scalar());
    std::set<std::string> read;
    for (const auto& entry : map) {
      if (!count()) return;
      if (!entry.first.IsScalar()) {
        note(line_of(entry.first.Mark()), "a key that is no text is left out");
      } else if (!read.insert(entry.first.Scalar()).second) {
        note(line_of(entry.first.Mark()),
             "'" + entry.first.Scalar() + "' stands here twice: the first is taken");
      } else if (entry.first.Scalar() != "<<") {
        visit(entry.first.Scalar(), entry.second);
      } else if (entry.second.IsMap()) {
        for (const auto& merged : entry.second)
          if (count() && merged.first.IsScalar() && own.insert(merged.first.Scalar()).second)
            visit(merged.first.Scalar(), merged.second);
      }
    }
  }

  std::optional<PlacedText> text_of(const std::string& key, const YAML::Node& value) {
    const bool is_text = value.IsScalar() && is_utf8(value.Scalar()) && !value.Scalar().contains('\0');
    if (is_text) return PlacedText{value.Scalar(), line_of(value.Mark())};
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
          if (count()) read_rule(rule, group);
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
  std::size_t entries_ = 0;  ///< of maps and lists that were read
};

}  // namespace

std::expected<std::vector<PrometheusGroup>, Diagnostic> read_prometheus_rules(std::string_view text,
                                                                              const std::string& file,
                                                                              Diagnostics& left_out) {
  Reader reader(file, left_out);
  try {
    const std::string whole(text);
    if (!has_an_end(whole))
      return std::unexpected(Diagnostic{file, 0, 0, "this is not YAML: it has no document", ""});
    for (const YAML::Node& document : YAML::LoadAll(whole))
      reader.read_document(document);
  } catch (const YAML::Exception& fault) {
    const auto column = fault.mark.column < 0 ? 0 : static_cast<std::size_t>(fault.mark.column) + 1;
    return std::unexpected(
        Diagnostic{file, line_of(fault.mark), column, "this is not YAML: " + fault.msg,
                   text.contains("{{") ? "A template of Helm has to be rendered first." : ""});
  }
  if (reader.found_too_much())
    return std::unexpected(Diagnostic{
        file, 0, 0, "its aliases unfold to more than " + std::to_string(k_most_entries) + " entries",
        "Write out what is meant."});
  if (!reader.found_rules())
    return std::unexpected(Diagnostic{file, 0, 0, "there are no rules here",
                                      "A rule file has 'groups:', a PrometheusRule has them under 'spec:'."});
  return reader.take();
}

}  // namespace pgvigil::agent
