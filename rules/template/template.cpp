#include "rules/template/template.h"

#include <algorithm>
#include <optional>

#include "rules/template/failure.h"
#include "rules/template/functions.h"
#include "rules/template/parser.h"

namespace pgvigil::rules {
namespace {

using namespace templates;

constexpr std::size_t k_most_output = 64 * 1024;
constexpr std::size_t k_most_steps = 100'000;

/// Renders the nodes of one template.
class Renderer {
 public:
  explicit Renderer(const TemplateData& data) : data_(data) {
    if (data.record) root_ = data.record;
    variables_ = {{"$", root_},
                  {"$labels", data.labels},
                  {"$externalLabels", data.external_labels},
                  {"$externalURL", data.external_url},
                  {"$value", data.value}};
  }

  Result<std::string> render(const Nodes& nodes) {
    if (auto flow = render_nodes(nodes, root_); !flow) return std::unexpected(flow.error());
    return std::move(output_);
  }

 private:
  enum class Flow : std::uint8_t { on, next_round, ends_loop };

  Result<Flow> render_nodes(const Nodes& nodes, const Value& dot) {
    for (const Node& node : nodes) {
      if (++steps_ > k_most_steps) return failure("the template takes too many steps", 0);
      if (const auto* text = std::get_if<TextNode>(&node.what)) {
        output_ += text->text;
      } else if (const auto* output = std::get_if<OutputNode>(&node.what)) {
        auto value = evaluate(output->pipeline, dot);
        if (!value) return std::unexpected(value.error());
        if (output->pipeline.variables.empty()) output_ += printed(*value);
      } else if (const auto* loop = std::get_if<LoopNode>(&node.what)) {
        return loop->ends ? Flow::ends_loop : Flow::next_round;
      } else {
        auto flow = render_block(std::get<BlockNode>(node.what), dot);
        if (!flow || *flow != Flow::on) return flow;
      }
      if (output_.size() > k_most_output) return failure("the text is longer than 64 KiB", 0);
    }
    return Flow::on;
  }

  Result<Flow> render_block(const BlockNode& block, const Value& dot) {
    const std::size_t variables = variables_.size();
    auto flow =
        block.kind == BlockNode::Kind::range ? render_range(block, dot) : render_condition(block, dot);
    variables_.resize(variables);
    return flow;
  }

  Result<Flow> render_condition(const BlockNode& block, const Value& dot) {
    auto value = evaluate(block.pipeline, dot);
    if (!value) return std::unexpected(value.error());
    if (!is_true(*value)) return render_nodes(block.otherwise, dot);
    return render_nodes(block.body, block.kind == BlockNode::Kind::with ? *value : dot);
  }

  /// What a range goes over: key and element.
  static std::optional<std::vector<std::pair<Value, Value>>> elements(const Value& value) {
    std::vector<std::pair<Value, Value>> all;
    if (const auto* vector = std::get_if<promql::Vector>(&value)) {
      for (const promql::Sample& sample : *vector)
        all.emplace_back(static_cast<std::int64_t>(all.size()), sample);
    } else if (const auto* labels = std::get_if<promql::LabelsPtr>(&value)) {
      for (std::size_t i = 0; i < (*labels)->size(); ++i)
        all.emplace_back(std::string((**labels)[i].name), std::string((**labels)[i].value));
    } else if (const auto* list = std::get_if<RecordPtr>(&value); list != nullptr && (*list)->is_list) {
      for (const Value& element : (*list)->elements)
        all.emplace_back(static_cast<std::int64_t>(all.size()), element);
    } else if (!std::holds_alternative<std::monostate>(value)) {
      return std::nullopt;
    }
    return all;
  }

  Result<Flow> render_range(const BlockNode& block, const Value& dot) {
    // The variables of a range are those of its rounds, not of its pipeline.
    auto value = evaluate_commands(block.pipeline, dot);
    if (!value) return std::unexpected(value.error());
    const auto all = elements(*value);
    if (!all)
      return failure("range can't iterate over a " + std::string(type_name(*value)), block.pipeline.offset);
    if (all->empty()) return render_nodes(block.otherwise, dot);
    const auto& names = block.pipeline.variables;
    const std::size_t variables = variables_.size();
    for (const auto& [key, element] : *all) {
      if (names.size() == 1) set(names[0], element, block.pipeline.declares);
      if (names.size() == 2) {
        set(names[0], key, block.pipeline.declares);
        set(names[1], element, block.pipeline.declares);
      }
      auto flow = render_nodes(block.body, element);
      if (!flow) return flow;
      variables_.resize(variables);
      if (*flow == Flow::ends_loop) break;
    }
    return Flow::on;
  }

  void set(const std::string& name, Value value, bool declares) {
    const auto known = std::find_if(variables_.rbegin(), variables_.rend(),
                                    [&](const auto& variable) { return variable.first == name; });
    if (declares || known == variables_.rend())
      variables_.emplace_back(name, std::move(value));
    else
      known->second = std::move(value);
  }

  Result<Value> evaluate(const Pipeline& pipeline, const Value& dot) {
    auto value = evaluate_commands(pipeline, dot);
    if (value && !pipeline.variables.empty()) set(pipeline.variables.front(), *value, pipeline.declares);
    return value;
  }

  Result<Value> evaluate_commands(const Pipeline& pipeline, const Value& dot) {
    std::optional<Value> last;
    for (const Command& command : pipeline.commands) {
      if (++steps_ > k_most_steps) return failure("the template takes too many steps", pipeline.offset);
      auto value = evaluate(command, dot, last);
      if (!value) return value;
      last = std::move(*value);
    }
    return last.value_or(Value{});
  }

  Result<Value> evaluate(const Command& command, const Value& dot, const std::optional<Value>& last) {
    const Operand& head = command.front();
    if (head.kind != Operand::Kind::function) return value_of(head, dot);
    const Function& function = *find_function(head.name);
    std::vector<Value> arguments;
    for (std::size_t i = 1; i < command.size(); ++i) {
      auto argument = value_of(command[i], dot);
      if (!argument) return argument;
      // and, or: the first that decides is the result, and the others are not looked at.
      if (function.call == nullptr && is_true(*argument) == (head.name == "or")) return argument;
      arguments.push_back(std::move(*argument));
    }
    if (last) arguments.push_back(*last);
    if (arguments.size() < function.least || arguments.size() > function.most) {
      return failure("wrong number of arguments for '" + head.name + "': " + std::to_string(arguments.size()),
                     head.offset);
    }
    if (function.call == nullptr) return arguments.back();
    auto result = function.call(arguments, data_);
    if (!result) return failure("error calling " + head.name + ": " + result.error(), head.offset);
    return fields_of(head, std::move(*result));
  }

  Result<Value> value_of(const Operand& operand, const Value& dot) {
    switch (operand.kind) {
      case Operand::Kind::dot:
        return fields_of(operand, dot);
      case Operand::Kind::variable: {
        const auto found = std::find_if(variables_.rbegin(), variables_.rend(),
                                        [&](const auto& variable) { return variable.first == operand.name; });
        if (found == variables_.rend())
          return failure("undefined variable '" + operand.name + "'", operand.offset);
        return fields_of(operand, found->second);
      }
      case Operand::Kind::function:
        return evaluate(one_word(operand), dot, std::nullopt);
      case Operand::Kind::text:
        return operand.name;
      case Operand::Kind::integer:
        return operand.integer;
      case Operand::Kind::number:
        return operand.number;
      case Operand::Kind::boolean:
        return operand.boolean;
      case Operand::Kind::nil:
        return Value{};
      case Operand::Kind::pipeline: {
        auto value = evaluate(*operand.pipeline, dot);
        if (!value) return value;
        return fields_of(operand, std::move(*value));
      }
    }
    return Value{};
  }

  /// A function that stands as an argument is called with none.
  static Command one_word(const Operand& operand) {
    Command command(1);
    command[0].kind = Operand::Kind::function;
    command[0].name = operand.name;
    command[0].offset = operand.offset;
    return command;
  }

  Result<Value> fields_of(const Operand& operand, Value value) {
    for (const std::string& field : operand.fields) {
      if (const auto* record = std::get_if<RecordPtr>(&value);
          record != nullptr && (*record)->field(field) != nullptr) {
        value = Value(*(*record)->field(field));
      } else if (const auto* labels = std::get_if<promql::LabelsPtr>(&value)) {
        value = std::string((*labels)->get(field));
      } else if (const auto* sample = std::get_if<promql::Sample>(&value);
                 sample != nullptr && (field == "Labels" || field == "Value")) {
        value = field == "Labels" ? Value(sample->labels) : Value(sample->point.v);
      } else if (std::holds_alternative<Root>(value) && field == "Labels") {
        value = data_.labels;
      } else if (std::holds_alternative<Root>(value) && field == "Value") {
        value = data_.value;
      } else if (std::holds_alternative<Root>(value) && field == "ExternalLabels") {
        value = data_.external_labels;
      } else if (std::holds_alternative<Root>(value) && field == "ExternalURL") {
        value = data_.external_url;
      } else {
        return failure("there is no field " + field + " in a value of type " + std::string(type_name(value)),
                       operand.offset);
      }
    }
    return value;
  }

  const TemplateData& data_;
  Value root_ = Root{};
  std::vector<std::pair<std::string, Value>> variables_;
  std::string output_;
  std::size_t steps_ = 0;
};

/// Calls `visit` with every operand of the nodes, those in parentheses too.
template <typename Visit>
void for_each_operand(const Pipeline& pipeline, const Visit& visit) {
  for (const Command& command : pipeline.commands) {
    for (const Operand& operand : command) {
      visit(command, operand);
      if (operand.pipeline) for_each_operand(*operand.pipeline, visit);
    }
  }
}

template <typename Visit>
void for_each_operand(const Nodes& nodes, const Visit& visit) {
  for (const Node& node : nodes) {
    if (const auto* output = std::get_if<OutputNode>(&node.what)) for_each_operand(output->pipeline, visit);
    if (const auto* block = std::get_if<BlockNode>(&node.what)) {
      for_each_operand(block->pipeline, visit);
      for_each_operand(block->body, visit);
      for_each_operand(block->otherwise, visit);
    }
  }
}

}  // namespace

std::expected<Template, TemplateError> Template::parse(std::string_view text) {
  auto parsed = templates::parse(text);
  if (!parsed) return std::unexpected(parsed.error());
  return Template(std::make_shared<const Parsed>(std::move(*parsed)));
}

std::expected<std::string, TemplateError> Template::render(const TemplateData& data) const {
  return Renderer(data).render(parsed_->nodes);
}

std::vector<std::string> Template::queries() const {
  std::vector<std::string> found;
  for_each_operand(parsed_->nodes, [&](const Command& command, const Operand& operand) {
    const bool queried = operand.kind == Operand::Kind::text && &operand != &command.front() &&
                         command.front().kind == Operand::Kind::function && command.front().name == "query";
    if (queried) found.push_back(operand.name);
  });
  return found;
}

std::vector<std::string> Template::labels() const {
  std::vector<std::string> found;
  for_each_operand(parsed_->nodes, [&](const Command&, const Operand& operand) {
    const auto& fields = operand.fields;
    if (operand.kind == Operand::Kind::variable && operand.name == "$labels" && !fields.empty())
      found.push_back(fields.front());
    if (operand.kind == Operand::Kind::variable && operand.name == "$" && fields.size() > 1 &&
        fields[0] == "Labels")
      found.push_back(fields[1]);
  });
  return found;
}

bool Template::reads_value() const {
  bool reads = false;
  for_each_operand(parsed_->nodes, [&](const Command&, const Operand& operand) {
    if (operand.kind == Operand::Kind::variable && operand.name == "$value") reads = true;
    if (operand.kind == Operand::Kind::dot && !operand.fields.empty() && operand.fields.front() == "Value")
      reads = true;
  });
  return reads;
}

}  // namespace pgvigil::rules
