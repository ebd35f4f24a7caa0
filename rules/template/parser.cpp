#include "rules/template/parser.h"

#include "rules/template/action_parser.h"

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
      action_.begin(piece);
      ++next_;
      if (word == "if" || word == "with" || word == "range") {
        auto block = read_block(word, depth);
        if (!block) return std::unexpected(block.error());
        nodes.push_back({std::move(*block)});
      } else if (word == "break" || word == "continue") {
        if (loops_ == 0) return failure("'" + word + "' outside of a range", piece.offset);
        nodes.push_back({LoopNode{word == "break"}});
      } else {
        auto pipeline = action_.read_pipeline();
        if (!pipeline) return std::unexpected(pipeline.error());
        if (auto done = action_.expect_end(); !done) return std::unexpected(done.error());
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
    const std::size_t scope = action_.scope();
    action_.skip_word();
    auto pipeline = action_.read_pipeline();
    if (!pipeline) return std::unexpected(pipeline.error());
    if (auto done = action_.expect_end(); !done) return std::unexpected(done.error());
    block.pipeline = std::move(*pipeline);
    if (block.kind == BlockNode::Kind::range) ++loops_;
    auto body = read_nodes(depth + 1);
    if (block.kind == BlockNode::Kind::range) --loops_;
    if (!body) return std::unexpected(body.error());
    block.body = std::move(*body);
    if (next_ >= pieces_.size()) return failure("'" + word + "' without its end", offset);
    action_.begin(pieces_[next_]);
    const bool has_else = keyword(pieces_[next_]) == "else";
    ++next_;
    action_.skip_word();
    if (has_else) {
      if (auto done = read_else(block, offset, depth); !done) return std::unexpected(done.error());
    } else if (auto done = action_.expect_end(); !done) {
      return std::unexpected(done.error());
    }
    action_.leave_to(scope);
    return block;
  }

  Result<void> read_else(BlockNode& block, std::size_t offset, std::size_t depth) {
    action_.skip_space();
    const Token& first = action_.token();
    if (first.kind == Token::Kind::word && first.text == "if" && block.kind == BlockNode::Kind::condition) {
      auto nested = read_block("if", depth + 1);
      if (!nested) return std::unexpected(nested.error());
      block.otherwise.push_back({std::move(*nested)});
      return {};
    }
    if (auto done = action_.expect_end(); !done) return done;
    auto otherwise = read_nodes(depth + 1);
    if (!otherwise) return std::unexpected(otherwise.error());
    block.otherwise = std::move(*otherwise);
    if (next_ >= pieces_.size()) return failure("a block without its end", offset);
    if (keyword(pieces_[next_]) != "end") return failure("a second else", pieces_[next_].offset);
    ++next_;
    return {};
  }

  std::vector<Piece> pieces_;
  std::size_t next_ = 0;
  std::size_t loops_ = 0;
  ActionParser action_;
};

}  // namespace

Result<Parsed> parse(std::string_view text) {
  if (text.size() > k_most_bytes) return failure("the template is longer than 16 KiB", k_most_bytes);
  auto pieces = split(text);
  if (!pieces) return std::unexpected(pieces.error());
  return Parser(std::move(*pieces)).parse();
}

}  // namespace pgvigil::rules::templates
