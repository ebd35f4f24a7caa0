#include "agent/http/message.h"

#include <algorithm>

namespace pgvigil::agent {

std::optional<std::string> Request::parameter(std::string_view name) const {
  const auto found = std::ranges::find(parameters, name, &std::pair<std::string, std::string>::first);
  if (found == parameters.end()) return std::nullopt;
  return found->second;
}

std::vector<std::string> Request::all_parameters(std::string_view name) const {
  std::vector<std::string> values;
  for (const auto& [key, value] : parameters)
    if (key == name) values.push_back(value);
  return values;
}

Body::Body(std::string text) : size_(text.size()) {
  if (!text.empty()) pieces_.push_back(std::make_shared<const std::string>(std::move(text)));
}

Body::Body(const char* text) : Body(std::string(text)) {}

Body::Body(std::vector<Piece> pieces) : pieces_(std::move(pieces)) {
  std::erase_if(pieces_, [](const Piece& piece) { return piece == nullptr || piece->empty(); });
  for (const Piece& piece : pieces_)
    size_ += piece->size();
}

Body::Body(Source source, std::size_t size) : source_(std::move(source)), size_(size) {}

}  // namespace pgvigil::agent
