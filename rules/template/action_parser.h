#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "rules/template/ast.h"
#include "rules/template/failure.h"
#include "rules/template/lexer.h"

namespace pgvigil::rules::templates {

/// Reads what stands inside of {{ }}, one action after the other, and knows which variables are in scope.
class ActionParser {
 public:
  /// Goes to the beginning of an action, which must outlive the reading.
  void begin(const Piece& action) {
    tokens_ = &action.tokens;
    token_ = 0;
  }
  const Token& token() const { return (*tokens_)[std::min(token_, tokens_->size() - 1)]; }
  void skip_space();
  /// The next word, whatever it is: if, with, range, else, end.
  void skip_word() {
    skip_space();
    ++token_;
  }
  Result<Pipeline> read_pipeline() { return read_pipeline(0); }
  Result<void> expect_end();

  /// The variables that are declared now, to forget those that a block declares at its end.
  std::size_t scope() const { return variables_.size(); }
  void leave_to(std::size_t scope) { variables_.resize(scope); }

 private:
  /// `$x :=`, `$x =`, `$i, $x :=`, when they stand here.
  void read_declaration(Pipeline& pipeline);
  Result<Pipeline> read_pipeline(std::size_t depth);
  Result<Command> read_command(std::size_t depth);
  bool ends_command() const;
  Result<Operand> read_operand(std::size_t depth);

  const std::vector<Token>* tokens_ = nullptr;
  std::size_t token_ = 0;
  std::vector<std::string> variables_ = {"$", "$labels", "$externalLabels", "$externalURL", "$value"};
};

}  // namespace pgvigil::rules::templates
