#include "rules/template/parser.h"

#include <algorithm>
#include <array>
#include <optional>

#include "rules/promql/number.h"
#include "rules/promql/text.h"
#include "rules/template/failure.h"
#include "rules/template/functions.h"
#include "rules/template/lexer.h"

namespace pgvigil::rules::templates {
namespace {

constexpr std::size_t k_most_depth = 50;
constexpr std::size_t k_most_bytes = 16 * 1024;

class Parser {
 public:
  explicit Parser(std::vector<Piece> pieces) : pieces_(std::move(pieces)) {}

  Result<Parsed> parse() {
    auto nodes = read_nodes(0);
    if (!nodes) return std::unexpected(nodes.error());
    if (next_ < pieces_.size())
      return failure("unexpected '" + keyword(pieces_[next_]) + "'", pieces_[next_].offset);
    return Parsed{std::move(*nodes)};
  }

 private:
  static std::string keyword(const Piece& piece) {
    for (const Token& token : piece.tokens)
      if (token.kind != Token::Kind::space) return token.kind == Token::Kind::word ? token.text : "";
    return "";
  }

  /// Nodes up to an else or an end, which is left to the caller.
  Result<Nodes> read_nodes(std::size_t depth) {
    Nodes nodes;
    if (depth > k_most_depth) return failure("blocks are nested too deeply", pieces_[next_ - 1].offset);
    while (next_ < pieces_.size()) {
      Piece& piece = pieces_[next_];
      if (!piece.is_action) {
        nodes.push_back({TextNode{std::move(piece.text)}});
        ++next_;
        continue;
      }
      const std::string word = keyword(piece);
      if (word == "end" || word == "else") return nodes;
      if (word == "define" || word == "template" || word == "block")
        return failure("'" + word + "' is not supported", piece.offset);
      begin(piece);
      ++next_;
      if (word == "if" || word == "with" || word == "range") {
        auto block = read_block(word, depth);
        if (!block) return std::unexpected(block.error());
        nodes.push_back({std::move(*block)});
      } else if (word == "break" || word == "continue") {
        if (loops_ == 0) return failure("'" + word + "' outside of a range", piece.offset);
        nodes.push_back({LoopNode{word == "break"}});
      } else {
        auto pipeline = read_pipeline(0);
        if (!pipeline) return std::unexpected(pipeline.error());
        if (auto done = expect_end(); !done) return std::unexpected(done.error());
        nodes.push_back({OutputNode{std::move(*pipeline)}});
      }
    }
    return nodes;
  }

  /// From the word if, with or range on, which the current piece begins with, to its end.
  Result<BlockNode> read_block(const std::string& word, std::size_t depth) {
    const std::size_t offset = pieces_[next_ - 1].offset;
    BlockNode block;
    block.kind = word == "if" ? BlockNode::Kind::condition
                              : (word == "with" ? BlockNode::Kind::with : BlockNode::Kind::range);
    const std::size_t variables_before = variables_.size();
    skip_space();
    ++token_;  // the word
    auto pipeline = read_pipeline(0);
    if (!pipeline) return std::unexpected(pipeline.error());
    if (auto done = expect_end(); !done) return std::unexpected(done.error());
    block.pipeline = std::move(*pipeline);
    if (block.kind == BlockNode::Kind::range) ++loops_;
    auto body = read_nodes(depth + 1);
    if (block.kind == BlockNode::Kind::range) --loops_;
    if (!body) return std::unexpected(body.error());
    block.body = std::move(*body);
    if (next_ >= pieces_.size()) return failure("'" + word + "' without its end", offset);
    begin(pieces_[next_]);
    const bool has_else = keyword(pieces_[next_]) == "else";
    ++next_;
    skip_space();
    ++token_;
    if (has_else) {
      if (auto done = read_else(block, offset, depth); !done) return std::unexpected(done.error());
    } else if (auto done = expect_end(); !done) {
      return std::unexpected(done.error());
    }
    variables_.resize(variables_before);
    return block;
  }

  Result<void> read_else(BlockNode& block, std::size_t offset, std::size_t depth) {
    skip_space();
    if (token().kind == Token::Kind::word && token().text == "if" &&
        block.kind == BlockNode::Kind::condition) {
      auto nested = read_block("if", depth + 1);
      if (!nested) return std::unexpected(nested.error());
      block.otherwise.push_back({std::move(*nested)});
      return {};
    }
    if (auto done = expect_end(); !done) return done;
    auto otherwise = read_nodes(depth + 1);
    if (!otherwise) return std::unexpected(otherwise.error());
    block.otherwise = std::move(*otherwise);
    if (next_ >= pieces_.size()) return failure("a block without its end", offset);
    if (keyword(pieces_[next_]) != "end") return failure("a second else", pieces_[next_].offset);
    ++next_;
    return {};
  }

  void begin(const Piece& piece) {
    tokens_ = &piece.tokens;
    token_ = 0;
  }
  const Token& token() const { return (*tokens_)[std::min(token_, tokens_->size() - 1)]; }
  void skip_space() {
    while (token().kind == Token::Kind::space)
      ++token_;
  }
  Result<void> expect_end() {
    skip_space();
    if (token().kind == Token::Kind::end) return {};
    return failure("unexpected '" + token().text + "'", token().offset);
  }

  /// `$x :=`, `$x =`, `$i, $x :=`, when they stand here.
  void read_declaration(Pipeline& pipeline) {
    const std::size_t begin = token_;
    std::vector<std::string> names;
    while (token().kind == Token::Kind::variable) {
      names.push_back(token().text);
      ++token_;
      skip_space();
      if (token().kind == Token::Kind::declare || token().kind == Token::Kind::assign) {
        pipeline.declares = token().kind == Token::Kind::declare;
        pipeline.variables = std::move(names);
        ++token_;
        return;
      }
      if (token().kind != Token::Kind::comma) break;
      ++token_;
      skip_space();
    }
    token_ = begin;
  }

  Result<Pipeline> read_pipeline(std::size_t depth) {
    skip_space();
    Pipeline pipeline;
    pipeline.offset = token().offset;
    if (depth > k_most_depth) return failure("parentheses are nested too deeply", pipeline.offset);
    read_declaration(pipeline);
    if (pipeline.variables.size() > 2) return failure("too many variables", pipeline.offset);
    for (;;) {
      auto command = read_command(depth);
      if (!command) return std::unexpected(command.error());
      if (!pipeline.commands.empty() && command->front().kind != Operand::Kind::function)
        return failure("only a function can stand after '|'", command->front().offset);
      pipeline.commands.push_back(std::move(*command));
      if (token().kind != Token::Kind::pipe) break;
      ++token_;
    }
    for (const std::string& name : pipeline.variables) {
      if (pipeline.declares) {
        variables_.push_back(name);
      } else if (std::ranges::find(variables_, name) == variables_.end()) {
        return failure("undefined variable '" + name + "'", pipeline.offset);
      }
    }
    return pipeline;
  }

  Result<Command> read_command(std::size_t depth) {
    Command command;
    for (skip_space(); !ends_command(); skip_space()) {
      auto operand = read_operand(depth);
      if (!operand) return std::unexpected(operand.error());
      command.push_back(std::move(*operand));
    }
    if (command.empty()) return failure("a value is missing", token().offset);
    if (command.front().kind != Operand::Kind::function && command.size() > 1)
      return failure("only a function takes arguments", command[1].offset);
    return command;
  }

  bool ends_command() const {
    return token().kind == Token::Kind::end || token().kind == Token::Kind::pipe ||
           token().kind == Token::Kind::close;
  }

  Result<Operand> read_operand(std::size_t depth) {
    const Token& first = token();
    Operand operand;
    operand.offset = first.offset;
    ++token_;
    switch (first.kind) {
      case Token::Kind::dot:
        break;
      case Token::Kind::field:
        operand.fields.push_back(first.text.substr(1));
        break;
      case Token::Kind::variable:
        operand.kind = Operand::Kind::variable;
        operand.name = first.text;
        if (std::ranges::find(variables_, first.text) == variables_.end())
          return failure("undefined variable '" + first.text + "'", first.offset);
        break;
      case Token::Kind::text:
        operand.kind = Operand::Kind::text;
        operand.name = first.text;
        break;
      case Token::Kind::number:
        if (!read_number(first.text, operand))
          return failure("bad number '" + first.text + "'", first.offset);
        break;
      case Token::Kind::word:
        if (auto done = read_word(first, operand); !done) return std::unexpected(done.error());
        break;
      case Token::Kind::open: {
        auto inner = read_pipeline(depth + 1);
        if (!inner) return std::unexpected(inner.error());
        if (token().kind != Token::Kind::close) return failure("'(' without its ')'", first.offset);
        ++token_;
        operand.kind = Operand::Kind::pipeline;
        operand.pipeline = std::make_unique<Pipeline>(std::move(*inner));
        break;
      }
      case Token::Kind::space:
      case Token::Kind::pipe:
      case Token::Kind::close:
      case Token::Kind::declare:
      case Token::Kind::assign:
      case Token::Kind::comma:
      case Token::Kind::end:
        return failure("unexpected '" + first.text + "'", first.offset);
    }
    while (token().kind == Token::Kind::field) {
      operand.fields.push_back(token().text.substr(1));
      ++token_;
    }
    return operand;
  }

  static bool read_number(const std::string& text, Operand& operand) {
    const auto value = promql::parse_number(text);
    if (!value) return false;
    const std::string_view digits = std::string_view(text).substr(text.find_first_not_of("+-"));
    const bool whole = digits.find_first_not_of("0123456789") == digits.npos && digits.size() < 16;
    operand.kind = whole ? Operand::Kind::integer : Operand::Kind::number;
    operand.number = *value;
    if (whole) operand.integer = static_cast<std::int64_t>(*value);
    return true;
  }

  static Result<void> read_word(const Token& word, Operand& operand) {
    if (word.text == "true" || word.text == "false") {
      operand.kind = Operand::Kind::boolean;
      operand.boolean = word.text == "true";
      return {};
    }
    operand.name = word.text;
    if (word.text == "nil") {
      operand.kind = Operand::Kind::nil;
      return {};
    }
    operand.kind = Operand::Kind::function;
    if (find_function(word.text) != nullptr) return {};
    if (is_left_out(word.text))
      return failure("the function '" + word.text + "' is not supported", word.offset);
    return failure("there is no function '" + word.text + "'", word.offset);
  }

  std::vector<Piece> pieces_;
  std::size_t next_ = 0;
  const std::vector<Token>* tokens_ = nullptr;
  std::size_t token_ = 0;
  std::size_t loops_ = 0;
  std::vector<std::string> variables_ = {"$", "$labels", "$externalLabels", "$externalURL", "$value"};
};

}  // namespace

Result<Parsed> parse(std::string_view text) {
  if (text.size() > k_most_bytes) return failure("the template is longer than 16 KiB", k_most_bytes);
  auto pieces = split(text);
  if (!pieces) return std::unexpected(pieces.error());
  return Parser(std::move(*pieces)).parse();
}

}  // namespace pgvigil::rules::templates
