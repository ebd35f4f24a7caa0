#include "rules/promql/regex/program.h"
#include "rules/promql/text.h"

namespace pgvigil::promql {
namespace {

constexpr std::size_t k_most_instructions = 20'000;
/// Each instruction may wait with a place for every group: 8 MB of them.
constexpr std::size_t k_most_places = 500'000;
constexpr std::size_t k_most_literals = 256;

/// Turns nodes into instructions; execution falls through to the instruction behind the last one emitted.
class Compiler {
 public:
  explicit Compiler(RegexProgram& program) : program_(program) {}

  /// False when the program would become too large.
  bool emit(const RegexNode& node) {
    if (size() > k_most_instructions) return false;
    switch (node.kind) {
      case RegexNodeKind::empty:
        return true;
      case RegexNodeKind::character:
        push({RegexOp::character, size() + 1, 0, node.character, {}});
        return true;
      case RegexNodeKind::char_class:
        push({RegexOp::char_class, size() + 1, static_cast<std::uint32_t>(program_.classes.size()), 0, {}});
        program_.classes.push_back(node.chars);
        return true;
      case RegexNodeKind::begin_line:
      case RegexNodeKind::end_line:
      case RegexNodeKind::begin_text:
      case RegexNodeKind::end_text:
      case RegexNodeKind::word_boundary:
      case RegexNodeKind::no_word_boundary:
        push({RegexOp::assertion, size() + 1, 0, 0, node.kind});
        return true;
      case RegexNodeKind::sequence:
        return emit_sequence(node);
      case RegexNodeKind::alternation:
        return emit_alternation(node);
      case RegexNodeKind::repetition:
        return emit_repetition(node);
      case RegexNodeKind::group:
        push({RegexOp::save, size() + 1, static_cast<std::uint32_t>(2 * node.group), 0, {}});
        if (!emit(*node.children.front())) return false;
        push({RegexOp::save, size() + 1, static_cast<std::uint32_t>(2 * node.group + 1), 0, {}});
        return true;
    }
    return true;
  }

  void push(RegexInstruction instruction) { program_.instructions.push_back(instruction); }

 private:
  std::uint32_t size() const { return static_cast<std::uint32_t>(program_.instructions.size()); }

  bool emit_sequence(const RegexNode& node) {
    for (const RegexNodePtr& child : node.children) {
      if (!emit(*child)) return false;
    }
    return true;
  }

  bool emit_alternation(const RegexNode& node) {
    std::vector<std::uint32_t> jumps;
    for (std::size_t i = 0; i < node.children.size(); ++i) {
      bool last = i + 1 == node.children.size();
      std::uint32_t split = size();
      if (!last) push({RegexOp::split, split + 1, 0, 0, {}});
      if (!emit(*node.children[i])) return false;
      if (last) break;
      jumps.push_back(size());
      push({RegexOp::jump, 0, 0, 0, {}});
      program_.instructions[split].other = size();
    }
    for (std::uint32_t jump : jumps)
      program_.instructions[jump].next = size();
    return true;
  }

  bool emit_repetition(const RegexNode& node) {
    const RegexNode& child = *node.children.front();
    for (int i = 0; i < node.minimum; ++i) {
      if (!emit(child)) return false;
    }
    if (node.maximum < 0) return emit_star(child, node.greedy);
    for (int i = node.minimum; i < node.maximum; ++i)
      optional_splits_.push_back(open_optional(child));
    for (int i = node.minimum; i < node.maximum; ++i) {
      close_split(optional_splits_.back(), node.greedy);
      optional_splits_.pop_back();
    }
    return size() <= k_most_instructions;
  }

  bool emit_star(const RegexNode& child, bool greedy) {
    std::uint32_t split = size();
    push({RegexOp::split, split + 1, split + 1, 0, {}});
    if (!emit(child)) return false;
    push({RegexOp::jump, split, 0, 0, {}});
    close_split(split, greedy);
    return true;
  }

  std::uint32_t open_optional(const RegexNode& child) {
    std::uint32_t split = size();
    push({RegexOp::split, split + 1, split + 1, 0, {}});
    if (size() <= k_most_instructions) emit(child);
    return split;
  }

  /// Lets the branch that skips the repeated part go on here.
  void close_split(std::uint32_t split, bool greedy) {
    RegexInstruction& instruction = program_.instructions[split];
    (greedy ? instruction.other : instruction.next) = size();
  }

  RegexProgram& program_;
  std::vector<std::uint32_t> optional_splits_;
};

/// The texts that the node matches, when they are few and known: characters, sequences and alternations of
/// them.
std::optional<std::vector<std::string>> literals_of(const RegexNode& node) {
  using Texts = std::vector<std::string>;
  switch (node.kind) {
    case RegexNodeKind::empty:
      return Texts{""};
    case RegexNodeKind::character: {
      Texts texts(1);
      append_utf8(texts.front(), node.character);
      return texts;
    }
    case RegexNodeKind::group:
      return literals_of(*node.children.front());
    case RegexNodeKind::alternation: {
      Texts all;
      for (const RegexNodePtr& child : node.children) {
        std::optional<Texts> texts = literals_of(*child);
        if (!texts || all.size() + texts->size() > k_most_literals) return std::nullopt;
        all.insert(all.end(), texts->begin(), texts->end());
      }
      return all;
    }
    case RegexNodeKind::sequence: {
      Texts prefixes = {""};
      for (const RegexNodePtr& child : node.children) {
        std::optional<Texts> texts = literals_of(*child);
        if (!texts || prefixes.size() * texts->size() > k_most_literals) return std::nullopt;
        if (texts->size() == 1) {
          for (std::string& prefix : prefixes)
            prefix += texts->front();
          continue;
        }
        Texts joined;
        for (const std::string& prefix : prefixes) {
          for (const std::string& text : *texts)
            joined.push_back(prefix + text);
        }
        prefixes = std::move(joined);
      }
      return prefixes;
    }
    default:
      return std::nullopt;
  }
}

bool is_any_character(const RegexNode& node) {
  if (node.kind != RegexNodeKind::char_class || node.chars.ranges().size() != 1) return false;
  return node.chars.ranges()[0].first == 0 && node.chars.ranges()[0].last == 0x10FFFF;
}

/// .* or .+
std::optional<RegexShape::Open> open_of(const RegexNode& node) {
  bool repeats = node.kind == RegexNodeKind::repetition && node.maximum < 0 && node.minimum <= 1;
  if (!repeats || !is_any_character(*node.children.front())) return std::nullopt;
  return node.minimum == 0 ? RegexShape::Open::any : RegexShape::Open::some;
}

std::optional<RegexShape> shape_of(const RegexNode& node) {
  std::vector<const RegexNode*> parts;
  if (node.kind == RegexNodeKind::sequence) {
    for (const RegexNodePtr& child : node.children)
      parts.push_back(child.get());
  } else {
    parts.push_back(&node);
  }
  RegexShape shape;
  std::size_t begin = 0;
  std::size_t end = parts.size();
  if (std::optional<RegexShape::Open> open = end > begin ? open_of(*parts[begin]) : std::nullopt) {
    shape.before = *open;
    ++begin;
  }
  if (std::optional<RegexShape::Open> open = end > begin ? open_of(*parts[end - 1]) : std::nullopt) {
    shape.after = *open;
    --end;
  }
  for (std::size_t i = begin; i < end; ++i) {
    if (parts[i]->kind != RegexNodeKind::character) return std::nullopt;
    append_utf8(shape.literal, parts[i]->character);
  }
  return shape;
}

std::optional<std::vector<RegexShape>> shapes_of(const RegexNode& root) {
  if (root.kind == RegexNodeKind::group) return shapes_of(*root.children.front());
  std::vector<RegexShape> shapes;
  std::size_t count = root.kind == RegexNodeKind::alternation ? root.children.size() : 1;
  for (std::size_t i = 0; i < count; ++i) {
    const RegexNode& alternative = root.kind == RegexNodeKind::alternation ? *root.children[i] : root;
    std::optional<RegexShape> shape = shape_of(alternative);
    if (!shape) return std::nullopt;
    shapes.push_back(std::move(*shape));
  }
  return shapes;
}

}  // namespace

bool RegexShape::matches(std::string_view text) const {
  std::size_t least_before = before == Open::some ? 1 : 0;
  std::size_t least_after = after == Open::some ? 1 : 0;
  if (text.size() < least_before + literal.size() + least_after) return false;
  if (before == Open::no && after == Open::no) return text == literal;
  if (before == Open::no) return text.starts_with(literal);
  if (after == Open::no) return text.ends_with(literal);
  std::size_t found = text.find(literal, least_before);
  return found != text.npos && found + literal.size() + least_after <= text.size();
}

std::expected<std::unique_ptr<const RegexProgram>, std::string> RegexProgram::compile(
    const RegexSyntax& syntax) {
  auto program = std::make_unique<RegexProgram>();
  Compiler compiler(*program);
  program->group_names = syntax.group_names;
  program->literals = literals_of(*syntax.root);
  program->shapes = shapes_of(*syntax.root);
  if (!compiler.emit(*syntax.root)) return std::unexpected("expression too large");
  compiler.push({RegexOp::match, 0, 0, 0, {}});
  if (program->instructions.size() * program->group_names.size() > k_most_places)
    return std::unexpected("expression too large");
  return program;
}

}  // namespace pgvigil::promql
