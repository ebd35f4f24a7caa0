// Functions of queries and what they give: vectors, samples, labels.

#include <algorithm>

#include "rules/template/function_library.h"

namespace pgvigil::rules::templates {

using promql::Sample;
using promql::Vector;

FunctionResult query(Arguments arguments, const TemplateData& data) {
  const auto text = text_of(arguments[0]);
  if (!text) return failure(text.error());
  if (!data.query) return failure("no query can be answered here");
  auto result = data.query(*text);
  if (!result) return failure(promql::to_string(result.error()));
  return std::move(*result);
}

FunctionResult first(Arguments arguments, const TemplateData&) {
  const auto* vector = std::get_if<Vector>(&arguments[0]);
  if (vector == nullptr)
    return failure("expected a query's result, got " + std::string(type_name(arguments[0])));
  if (vector->empty()) return failure("first() called on vector with no elements");
  return vector->front();
}

FunctionResult value_of_sample(Arguments arguments, const TemplateData&) {
  const auto* sample = std::get_if<Sample>(&arguments[0]);
  if (sample == nullptr) return failure("expected a sample, got " + std::string(type_name(arguments[0])));
  return sample->point.v;
}

FunctionResult label_of_sample(Arguments arguments, const TemplateData&) {
  const auto name = text_of(arguments[0]);
  const auto* sample = std::get_if<Sample>(&arguments[1]);
  if (!name) return failure(name.error());
  if (sample == nullptr) return failure("expected a sample, got " + std::string(type_name(arguments[1])));
  return std::string(sample->labels->get(*name));
}

FunctionResult text_value_of_sample(Arguments arguments, const TemplateData&) {
  const auto* sample = std::get_if<Sample>(&arguments[0]);
  if (sample == nullptr) return failure("expected a sample, got " + std::string(type_name(arguments[0])));
  return std::string(sample->labels->get("__value__"));
}

FunctionResult sorted_by_label(Arguments arguments, const TemplateData&) {
  const auto name = text_of(arguments[0]);
  const auto* vector = std::get_if<Vector>(&arguments[1]);
  if (!name) return failure(name.error());
  if (vector == nullptr)
    return failure("expected a query's result, got " + std::string(type_name(arguments[1])));
  Vector sorted = *vector;
  std::ranges::stable_sort(
      sorted, [&](const Sample& a, const Sample& b) { return a.labels->get(*name) < b.labels->get(*name); });
  return sorted;
}

FunctionResult length(Arguments arguments, const TemplateData&) {
  const Value& value = arguments[0];
  if (const auto* text = std::get_if<std::string>(&value)) return static_cast<std::int64_t>(text->size());
  if (const auto* labels = std::get_if<promql::LabelsPtr>(&value))
    return static_cast<std::int64_t>((*labels)->size());
  if (const auto* vector = std::get_if<Vector>(&value)) return static_cast<std::int64_t>(vector->size());
  if (const auto* list = std::get_if<RecordPtr>(&value); list != nullptr && (*list)->is_list)
    return static_cast<std::int64_t>((*list)->elements.size());
  return failure("len of type " + std::string(type_name(value)));
}

FunctionResult element(Arguments arguments, const TemplateData&) {
  if (const auto* labels = std::get_if<promql::LabelsPtr>(&arguments[0])) {
    const auto name = text_of(arguments[1]);
    if (!name) return failure(name.error());
    return std::string((*labels)->get(*name));
  }
  if (const auto* vector = std::get_if<Vector>(&arguments[0])) {
    const auto* index = std::get_if<std::int64_t>(&arguments[1]);
    if (index == nullptr) return failure("an index must be an integer");
    if (*index < 0 || *index >= static_cast<std::int64_t>(vector->size()))
      return failure("index out of range: " + std::to_string(*index));
    return (*vector)[static_cast<std::size_t>(*index)];
  }
  if (const auto* list = std::get_if<RecordPtr>(&arguments[0]); list != nullptr && (*list)->is_list) {
    const auto* index = std::get_if<std::int64_t>(&arguments[1]);
    const auto& elements = (*list)->elements;
    if (index == nullptr || *index < 0 || *index >= static_cast<std::int64_t>(elements.size()))
      return failure("index out of range");
    return elements[static_cast<std::size_t>(*index)];
  }
  return failure("can't index item of type " + std::string(type_name(arguments[0])));
}

}  // namespace pgvigil::rules::templates
