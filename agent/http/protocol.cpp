#include "agent/http/protocol.h"

#include <httplib.h>

#include <cstring>
#include <optional>

#include "agent/http/request_head.h"
#include "agent/http/request_target.h"

namespace pgvigil::agent {
namespace {

constexpr std::string_view k_other = "other";

/// What the library takes for a socket: reads the head, keeps what is written.
class MemoryStream final : public httplib::Stream {
 public:
  explicit MemoryStream(std::string_view input) : input_(input) {}
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
  std::string_view input_;
  std::string output_;
};

std::optional<Method> method_of(const std::string& name) {
  if (name == "GET") return Method::get;
  if (name == "HEAD") return Method::head;
  if (name == "POST") return Method::post;
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

Routed route(const Router& router, const httplib::Request& source, const HeadFacts& facts) {
  if (facts.refusal) return refused(facts.refusal->status, facts.refusal->why);
  // The library's own decoding loses all but the last '=' of a parameter, which PromQL is full of.
  auto target = parse_request_target(source.target);
  if (!target) return refused(400, "not a path");
  const auto method = method_of(source.method);
  if (!method) return {k_other, router.wrong_method(target->path)};
  return router.answer({.method = *method,
                        .path = std::move(target->path),
                        .parameters = std::move(target->parameters),
                        .accept = joined_header(source, "Accept"),
                        .accepts_gzip = accepts_gzip(joined_header(source, "Accept-Encoding")),
                        .announces_body = facts.announces_body});
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

}  // namespace

/// The library's server without its sockets: `process_request` parses, asks, and prints.
class Protocol::Translator final : public httplib::Server {
 public:
  explicit Translator(const Router& router) : router_(router) {
    // Before any route of the library, and before it would read a body.
    set_pre_routing_handler([this](const httplib::Request& request, httplib::Response& response) {
      routed_ = route(router_, request, facts_);
      response.status = routed_->response.status;
      return HandlerResponse::Handled;
    });
    // The last word before status line and headers are printed; also over requests that it could not parse.
    set_post_routing_handler([this](const httplib::Request& request, httplib::Response& response) {
      if (!routed_) {
        routed_ = refused(response.status, "not a request as HTTP/1.1 spells it");
        facts_.keep_alive = false;
      }
      is_head_ = request.method == "HEAD";
      write_headers(routed_->response, facts_.keep_alive, response);
    });
    set_exception_handler([](const httplib::Request&, httplib::Response& response, std::exception_ptr) {
      response.status = 500;
    });
  }

  Answer answer(std::string_view head, HeadFacts facts) {
    facts_ = facts;
    routed_.reset();
    MemoryStream stream(head);
    bool ignored = false;
    process_request(stream, !facts.keep_alive, ignored, nullptr);
    if (!routed_) return {};
    Answer answer{.reply = {.head = stream.take_output(), .body = {}, .keep_alive = facts_.keep_alive},
                  .route = routed_->route,
                  .status = routed_->response.status};
    if (!is_head_) answer.reply.body = routed_->response.body.pieces();
    routed_.reset();
    return answer;
  }

 private:
  const Router& router_;
  // Of the request at hand:
  HeadFacts facts_;
  std::optional<Routed> routed_;
  bool is_head_ = false;
};

Protocol::Protocol(const Router& router, std::size_t max_headers)
    : translator_(std::make_unique<Translator>(router)), max_headers_(max_headers) {}

Protocol::~Protocol() = default;

Answer Protocol::answer(std::string_view head) {
  const HeadFacts facts = inspect_head(head, max_headers_);
  // A refused head is not shown to the library at all.
  return translator_->answer(facts.refusal ? "GET / HTTP/1.1\r\n\r\n" : head, facts);
}

}  // namespace pgvigil::agent
