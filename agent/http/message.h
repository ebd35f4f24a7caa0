#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pgvigil::agent {

enum class Method : std::uint8_t { get, head, post };

/// A request as a handler sees it: parsed, decoded, and without a body.
struct Request {
  Method method = Method::get;
  std::string path;                                             ///< percent-decoded, begins with '/'
  std::vector<std::pair<std::string, std::string>> parameters;  ///< of the query, decoded, in their order
  std::string accept;           ///< the Accept header; empty when there is none
  bool accepts_gzip = false;    ///< by Accept-Encoding
  bool announces_body = false;  ///< the router refuses these: no route takes one

  /// The first parameter of that name.
  std::optional<std::string> parameter(std::string_view name) const;
  /// Every parameter of that name, as in "?collect[]=locks&collect[]=wal".
  std::vector<std::string> all_parameters(std::string_view name) const;
};

/// The bytes of a response: one text, or prepared pieces that are sent one after the other and never copied.
class Body {
 public:
  using Piece = std::shared_ptr<const std::string>;

  Body() = default;
  Body(std::string text);           // NOLINT(google-explicit-constructor): a text is a body
  Body(const char* text);           // NOLINT(google-explicit-constructor)
  Body(std::vector<Piece> pieces);  // NOLINT(google-explicit-constructor)

  const std::vector<Piece>& pieces() const { return pieces_; }
  std::size_t size() const { return size_; }  ///< bytes in all

 private:
  std::vector<Piece> pieces_;
  std::size_t size_ = 0;
};

enum class ContentEncoding : std::uint8_t { identity, gzip };

/// What a handler answers. The body is sent as it is: nothing is compressed on the way.
struct Response {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  Body body = {};
  ContentEncoding encoding = ContentEncoding::identity;  ///< what the body is in already
  /// Further headers, for example {"Cache-Control", "no-store"}. Never put text of a request here.
  std::vector<std::pair<std::string, std::string>> headers = {};
};

}  // namespace pgvigil::agent
