#include "agent/http/protocol.h"

#include <httplib.h>

#include <algorithm>
#include <cstring>
#include <iterator>
#include <optional>

#include "agent/http/request_head.h"
#include "agent/http/request_target.h"

namespace pgvigil::agent {
namespace {

constexpr std::string_view k_other = "other";

/// What the library takes for a socket: reads the head, keeps what is written.
class MemoryStream final : public httplib::Stream {
 public:
  explicit MemoryStream(std::string input) : text_(std::move(input)), input_(text_) {}
  bool is_readable() const override { return true; }
  bool is_writable() const override { return true; }
  ssize_t read(char* buffer, size_t size) override {
    const std::size_t count = std::min(size, input_.size());
    std::memcpy(buffer, input_.data(), count);
    input_.remove_prefix(count);
    return static_cast<ssize_t>(count);
  }
  ssize_t write(const char* bytes, size_t size) override {
    output_.append(bytes, size);
    return static_cast<ssize_t>(size);
  }
  void get_remote_ip_and_port(std::string&, int&) const override {}
  void get_local_ip_and_port(std::string&, int&) const override {}
  socket_t socket() const override { return INVALID_SOCKET; }

  std::string take_output() { return std::move(output_); }

 private:
  std::string text_;
  std::string_view input_;  // what is left of text_
  std::string output_;
};

std::optional<Method> method_of(const std::string& name) {
  if (name == "GET") return Method::get;
  if (name == "HEAD") return Method::head;
  if (name == "POST") return Method::post;
  if (name == "DELETE") return Method::remove;
  return std::nullopt;
}

std::string joined_header(const httplib::Request& request, const char* name) {
  std::string joined;
  for (auto [header, end] = request.headers.equal_range(name); header != end; ++header)
    joined += (joined.empty() ? "" : ", ") + header->second;
  return joined;
}

Routed refused(int status, std::string_view why) {
  return {k_other, {.status = status, .body = std::string(why) + "\n"}};
}

/// A form, in the body and in the query: the body's parameters come first, as in Go's net/http.
std::optional<Parameters> parameters_of(const RawRequest& raw, std::string_view type, Parameters query) {
  if (!equal_words(type.substr(0, k_form_type.size()), k_form_type)) return query;
  auto parameters = parse_form(raw.body);
  if (parameters) std::ranges::move(query, std::back_inserter(*parameters));
  return parameters;
}

Routed route(const Router& router,
             const httplib::Request& source,
             const RawRequest& raw,
             std::function<bool()> abandoned) {
  if (raw.facts.refusal) return refused(raw.facts.refusal->status, raw.facts.refusal->why);
  // The library's own decoding loses all but the last '=' of a parameter, which PromQL is full of.
  auto target = parse_request_target(source.target);
  if (!target) return refused(400, "not a path");
  const auto method = method_of(source.method);
  if (!method) return {k_other, router.wrong_method(target->path)};
  std::string type = joined_header(source, "Content-Type");
  auto parameters = parameters_of(raw, type, std::move(target->parameters));
  if (!parameters) return refused(400, "the body is no form: a percent sign without two hexadecimal digits");
  return router.answer({.method = *method,
                        .path = std::move(target->path),
                        .parameters = std::move(*parameters),
                        .accept = joined_header(source, "Accept"),
                        .accepts_gzip = accepts_gzip(joined_header(source, "Accept-Encoding")),
                        .announces_body = raw.facts.announces_body(),
                        .content_type = std::move(type),
                        .body = raw.body,
                        .complete_at = raw.complete_at,
                        .abandoned = std::move(abandoned)});
}

void write_headers(const Response& response, bool keep_alive, httplib::Response& target) {
  // Whatever the library has put there (Keep-Alive, Accept-Ranges, EXCEPTION_WHAT) goes.
  target.headers.clear();
  for (const auto& [name, value] : response.headers)
    target.set_header(name, value);
  target.set_header("Content-Type", response.content_type);
  target.set_header("Content-Length", std::to_string(response.body.size()));
  target.set_header("X-Content-Type-Options", "nosniff");
  if (response.encoding == ContentEncoding::gzip) target.set_header("Content-Encoding", "gzip");
  if (!keep_alive) target.set_header("Connection", "close");
}

std::string head_for_library(const RawRequest& raw) {
  // A refused head is not shown to the library at all.
  if (raw.facts.refusal) return "GET / HTTP/1.1\r\n\r\n";
  // It would answer "100 Continue" once more.
  if (raw.facts.expects_continue) return without_header(raw.head, "Expect");
  return raw.head;
}

}  // namespace

/// The library's server without its sockets: `process_request` parses, asks, and prints.
class Protocol::Translator final : public httplib::Server {
 public:
  explicit Translator(const Router& router) : router_(router) {
    // Before any route of the library, and before it would read a body.
    set_pre_routing_handler([this](const httplib::Request& request, httplib::Response& response) {
      routed_ = route(router_, request, *raw_, std::move(abandoned_));
      response.status = routed_->response.status;
      return HandlerResponse::Handled;
    });
    // The last word before status line and headers are printed; also over requests that it could not parse.
    set_post_routing_handler([this](const httplib::Request& request, httplib::Response& response) {
      if (!routed_) {
        routed_ = refused(response.status, "not a request as HTTP/1.1 spells it");
        keep_alive_ = false;
      }
      is_head_ = request.method == "HEAD";
      write_headers(routed_->response, keep_alive_, response);
    });
    set_exception_handler([](const httplib::Request&, httplib::Response& response, std::exception_ptr) {
      response.status = 500;
    });
  }

  Answer answer(const RawRequest& raw, std::function<bool()> abandoned) {
    raw_ = &raw;
    abandoned_ = std::move(abandoned);
    keep_alive_ = raw.facts.keep_alive;
    routed_.reset();
    MemoryStream stream(head_for_library(raw));
    bool ignored = false;
    process_request(stream, !keep_alive_, ignored, nullptr);
    if (!routed_) return {};
    Answer answer{
        .reply = {.head = stream.take_output(), .body = {}, .source = {}, .keep_alive = keep_alive_},
        .route = routed_->route,
        .status = routed_->response.status};
    if (!is_head_) {
      answer.reply.body = routed_->response.body.pieces();
      answer.reply.source = routed_->response.body.source();
    }
    routed_.reset();
    return answer;
  }

 private:
  const Router& router_;
  // Of the request at hand:
  const RawRequest* raw_ = nullptr;
  std::function<bool()> abandoned_;
  bool keep_alive_ = false;
  std::optional<Routed> routed_;
  bool is_head_ = false;
};

Protocol::Protocol(const Router& router) : translator_(std::make_unique<Translator>(router)) {}

Protocol::~Protocol() = default;

Answer Protocol::answer(const RawRequest& request, std::function<bool()> abandoned) {
  return translator_->answer(request, std::move(abandoned));
}

}  // namespace pgvigil::agent
