#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "collectors/model/units.h"

namespace pgvigil::agent {

enum class Method : std::uint8_t { get, head, post, remove };  ///< remove: DELETE

/// A request as a handler sees it: parsed and decoded.
struct Request {
  Method method = Method::get;
  std::string path;  ///< percent-decoded, begins with '/'
  /// Of a form in the body, then of the query; decoded, in their order.
  std::vector<std::pair<std::string, std::string>> parameters = {};
  std::string accept = {};      ///< the Accept header; empty when there is none
  bool accepts_gzip = false;    ///< by Accept-Encoding
  bool announces_body = false;  ///< the router refuses these where the route takes none
  std::string content_type = {};
  std::string body = {};      ///< at most as long as the route allows; a form is in `parameters` instead
  std::string captured = {};  ///< what stands in the place of the "{...}" of the route's path
  Deadline complete_at = {};  ///< when the last byte of it was there
  std::function<bool()> abandoned = [] { return false; };  ///< whether nobody waits for the answer any more

  /// The first parameter of that name.
  std::optional<std::string> parameter(std::string_view name) const;
  /// Every parameter of that name, as in "?collect[]=locks&collect[]=wal".
  std::vector<std::string> all_parameters(std::string_view name) const;
};

/// The bytes of a response: one text, or prepared pieces that are sent one after the other and never copied,
/// or pieces that are made while they are sent.
class Body {
 public:
  using Piece = std::shared_ptr<const std::string>;
  /// Gives the next piece each time, and a null pointer at the end. It is called by the thread that sends to
  /// all clients, so it must not block.
  using Source = std::function<Piece()>;

  Body() = default;
  Body(std::string text);           // NOLINT(google-explicit-constructor): a text is a body
  Body(const char* text);           // NOLINT(google-explicit-constructor)
  Body(std::vector<Piece> pieces);  // NOLINT(google-explicit-constructor)
  /// `size` is what all pieces of the source have together.
  Body(Source source, std::size_t size);

  const std::vector<Piece>& pieces() const { return pieces_; }
  const Source& source() const { return source_; }
  std::size_t size() const { return size_; }  ///< bytes in all

 private:
  std::vector<Piece> pieces_;
  Source source_;  // of what follows them
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
