#include "rules/template/value.h"

#include <algorithm>
#include <array>

#include "rules/promql/number.h"
#include "rules/promql/text.h"

namespace pgvigil::rules::templates {

const Value* Record::field(std::string_view name) const {
  const auto found =
      std::ranges::find(fields, name, [](const auto& each) { return std::string_view(each.first); });
  return found == fields.end() ? nullptr : &found->second;
}

std::string_view type_name(const Value& value) {
  constexpr std::array<std::string_view, 10> k_names = {"<nil>",
                                                        "bool",
                                                        "int",
                                                        "float64",
                                                        "string",
                                                        "map[string]string",
                                                        "*template.sample",
                                                        "template.queryResult",
                                                        "struct",
                                                        "struct"};
  return k_names[value.index()];
}

std::string printed(const Value& value) {
  struct Printer {
    std::string operator()(std::monostate) const { return "<no value>"; }
    std::string operator()(bool boolean) const { return boolean ? "true" : "false"; }
    std::string operator()(std::int64_t integer) const { return std::to_string(integer); }
    std::string operator()(double number) const { return promql::format_general(number); }
    std::string operator()(const std::string& text) const { return text; }
    std::string operator()(const promql::LabelsPtr& labels) const {
      std::string text = "map[";
      for (std::size_t i = 0; i < labels->size(); ++i)
        text += (i > 0 ? " " : "") + std::string((*labels)[i].name) + ":" + std::string((*labels)[i].value);
      return text + "]";
    }
    std::string operator()(const promql::Sample& sample) const {
      return to_string(*sample.labels) + " " + promql::format_general(sample.point.v);
    }
    std::string operator()(const promql::Vector& vector) const {
      std::string text;
      for (const promql::Sample& sample : vector)
        text += (text.empty() ? "" : ", ") + (*this)(sample);
      return "[" + text + "]";
    }
    std::string operator()(Root) const { return ""; }
    std::string operator()(const RecordPtr& record) const {
      std::string text;
      for (const Value& element : record->elements)
        text += (text.empty() ? "" : " ") + std::visit(*this, element);
      return record->is_list ? "[" + text + "]" : "";
    }
  };
  return std::visit(Printer{}, value);
}

bool is_true(const Value& value) {
  struct Truth {
    bool operator()(std::monostate) const { return false; }
    bool operator()(bool boolean) const { return boolean; }
    bool operator()(std::int64_t integer) const { return integer != 0; }
    bool operator()(double number) const { return number != 0; }
    bool operator()(const std::string& text) const { return !text.empty(); }
    bool operator()(const promql::LabelsPtr& labels) const { return labels->size() > 0; }
    bool operator()(const promql::Sample&) const { return true; }
    bool operator()(const promql::Vector& vector) const { return !vector.empty(); }
    bool operator()(Root) const { return true; }
    bool operator()(const RecordPtr& record) const { return !record->is_list || !record->elements.empty(); }
  };
  return std::visit(Truth{}, value);
}

std::expected<double, std::string> to_number(const Value& value) {
  if (const auto* number = std::get_if<double>(&value)) return *number;
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return static_cast<double>(*integer);
  if (const auto* text = std::get_if<std::string>(&value)) {
    if (const auto number = promql::parse_number(*text)) return *number;
    return std::unexpected("cannot read " + promql::quoted(*text) + " as a number");
  }
  return std::unexpected("can't convert " + std::string(type_name(value)) + " to float");
}

}  // namespace pgvigil::rules::templates
