#pragma once

#include <string>
#include <utility>

namespace pgvigil {

/// Text that must not be printed: it has no stream operator, no formatter and no conversion.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string text) : text_(std::move(text)) {}
  /// The text itself, for the one who needs it to act (a connection, a header), never for a message.
  const std::string& reveal() const { return text_; }
  bool empty() const { return text_.empty(); }
  bool operator==(const Secret&) const = default;

 private:
  std::string text_;
};

}  // namespace pgvigil
