#include "agent/http/request_head.h"

#include <algorithm>
#include <cctype>
#include <charconv>

namespace pgvigil::agent {
namespace {

constexpr Refusal k_malformed{400, "not a request as HTTP/1.1 spells it"};

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

/// Takes what stands before the next `separator` from `rest`.
std::string_view take_until(std::string_view& rest, char separator) {
  const auto end = std::min(rest.find(separator), rest.size());
  const std::string_view part = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return trimmed(part);
}

bool is_token(std::string_view text) {
  constexpr std::string_view others = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::ranges::all_of(text, [&](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || others.find(c) != std::string_view::npos;
  });
}

bool has_controls(std::string_view text) {
  return std::ranges::any_of(text, [](char c) { return (c >= 0 && c < ' ' && c != '\t') || c == '\x7f'; });
}

/// Content-Length: digits, and the same ones if it is there twice.
void note_length(std::string_view value, HeadFacts& facts) {
  std::uint64_t length = 0;
  const auto [end, fault] = std::from_chars(value.data(), value.data() + value.size(), length);
  const bool is_other = (facts.tells_length || facts.announces_body()) && facts.body.length != length;
  facts.tells_length = true;
  if (fault != std::errc{} || end != value.data() + value.size() || is_other)
    facts.refusal = k_malformed;
  else if (length > 0)
    facts.body = {BodyFraming::Kind::length, length};
}

/// Transfer-Encoding. Beside a Content-Length somebody on the way may go by the one or by the other.
void note_coding(std::string_view value, HeadFacts& facts) {
  if (facts.tells_length || facts.announces_body()) facts.refusal = k_malformed;
  if (!equal_words(value, "chunked")) facts.refusal = {501, "no transfer coding but chunked is known here"};
  facts.body = {BodyFraming::Kind::chunked, 0};
}

void note_expectation(std::string_view value, HeadFacts& facts) {
  if (equal_words(value, "100-continue"))
    facts.expects_continue = true;
  else
    facts.refusal = {417, "no expectation but 100-continue is met here"};
}

/// One header line; false when it is none.
bool note_header(std::string_view line, HeadFacts& facts) {
  const auto colon = line.find(':');
  if (colon == std::string_view::npos || !is_token(line.substr(0, colon)) || has_controls(line)) return false;
  const std::string_view name = line.substr(0, colon);
  std::string_view value = trimmed(line.substr(colon + 1));
  if (equal_words(name, "Range")) facts.refusal = {400, "ranges are not served"};
  if (equal_words(name, "Expect")) note_expectation(value, facts);
  if (equal_words(name, "Transfer-Encoding")) note_coding(value, facts);
  if (equal_words(name, "Content-Length")) note_length(value, facts);
  if (equal_words(name, "Connection"))
    while (!value.empty())
      if (equal_words(take_until(value, ','), "close")) facts.keep_alive = false;
  return true;
}

/// The quality of one element of an Accept-Encoding header, for example of "gzip;q=0.5": whether it is above
/// 0.
bool wanted(std::string_view parameters) {
  while (!parameters.empty()) {
    const std::string_view parameter = take_until(parameters, ';');
    if (parameter.size() > 2 && equal_words(parameter.substr(0, 2), "q="))
      return parameter.find_first_of("123456789") != std::string_view::npos;
  }
  return true;
}

}  // namespace

bool equal_words(std::string_view left, std::string_view right) {
  const auto lower = [](char c) { return std::tolower(static_cast<unsigned char>(c)); };
  return std::ranges::equal(left, right, {}, lower, lower);
}

std::optional<std::size_t> head_end(std::string_view buffer, std::size_t from) {
  // The last three bytes of what was searched may be the beginning of the blank line.
  for (auto at = buffer.find('\n', from < 3 ? 0 : from - 3); at != std::string_view::npos;
       at = buffer.find('\n', at + 1)) {
    const std::string_view after = buffer.substr(at + 1);
    if (after.starts_with('\n')) return at + 2;
    if (after.starts_with("\r\n")) return at + 3;
  }
  return std::nullopt;
}

HeadFacts inspect_head(std::string_view head, std::size_t max_headers) {
  HeadFacts facts;
  const auto refused = [&](Refusal refusal) {
    return HeadFacts{.keep_alive = false, .body = facts.body, .refusal = refusal};
  };
  if (head_end(head) != head.size()) return refused({431, "the head of the request is too long"});

  for (std::size_t lines = 0;; ++lines) {
    const auto end = head.find("\r\n");
    if (end == std::string_view::npos) return refused(k_malformed);
    const std::string_view line = head.substr(0, end);
    head.remove_prefix(end + 2);
    if (line.empty()) break;
    if (lines > max_headers) return refused({431, "too many headers"});
    if (lines == 0) {
      if (has_controls(line)) return refused(k_malformed);
      facts.keep_alive = line.ends_with(" HTTP/1.1");
    } else if (!note_header(line, facts)) {
      return refused(k_malformed);
    }
  }
  if (facts.refusal) facts.keep_alive = false;
  return facts;
}

RequestLine request_line(std::string_view head) {
  head = head.substr(0, head.find_first_of("\r\n"));
  const auto space = std::min(head.find(' '), head.size());
  const std::string_view rest = head.substr(std::min(space + 1, head.size()));
  return {head.substr(0, space), rest.substr(0, rest.find(' '))};
}

std::string without_header(std::string_view head, std::string_view name) {
  std::string kept;
  while (!head.empty()) {
    const auto end = std::min(head.find('\n'), head.size() - 1) + 1;
    const std::string_view line = head.substr(0, end);
    head.remove_prefix(end);
    if (!equal_words(line.substr(0, line.find(':')), name)) kept += line;
  }
  return kept;
}

bool accepts_gzip(std::string_view accept_encoding) {
  bool any = false;
  while (!accept_encoding.empty()) {
    std::string_view element = take_until(accept_encoding, ',');
    const std::string_view coding = take_until(element, ';');
    if (equal_words(coding, "gzip") || equal_words(coding, "x-gzip")) return wanted(element);
    if (coding == "*") any = wanted(element);
  }
  return any;
}

}  // namespace pgvigil::agent
