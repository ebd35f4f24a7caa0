#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace pgvigil::rules::templates {

struct Pipeline;

/// A word of a command: what it stands for, and where it is in the template's text.
struct Operand {
  enum class Kind : std::uint8_t { dot, variable, function, text, integer, number, boolean, nil, pipeline };
  Kind kind = Kind::dot;
  std::string name = {};  ///< of a variable (with $) or a function; the value of a text
  std::int64_t integer = 0;
  double number = 0;
  bool boolean = false;
  std::unique_ptr<Pipeline> pipeline = {};  ///< in parentheses
  std::vector<std::string> fields = {};     ///< .Labels.instance: what is taken of it, one after the other
  std::size_t offset = 0;
};

/// The first word is a value, or a function called with the others.
using Command = std::vector<Operand>;

/// Commands whose value goes to the next as its last argument, and where the last value is kept.
struct Pipeline {
  std::vector<std::string> variables = {};  ///< of `$x :=`, `$x =` and `range $i, $x :=`
  bool declares = false;                    ///< := and not =
  std::vector<Command> commands = {};
  std::size_t offset = 0;
};

struct Node;
using Nodes = std::vector<Node>;

struct TextNode {
  std::string text;
};
struct OutputNode {
  Pipeline pipeline;
};
/// if, with and range: `otherwise` is what stands after else.
struct BlockNode {
  enum class Kind : std::uint8_t { condition, with, range };
  Kind kind = Kind::condition;
  Pipeline pipeline;
  Nodes body;
  Nodes otherwise;
};
struct LoopNode {
  bool ends = false;  ///< break and not continue
};

struct Node {
  std::variant<TextNode, OutputNode, BlockNode, LoopNode> what;
};

}  // namespace pgvigil::rules::templates
