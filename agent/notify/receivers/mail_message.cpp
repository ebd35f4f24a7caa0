#include "agent/notify/receivers/mail_message.h"

#include <algorithm>

#include "agent/notify/receivers/signature.h"

namespace pgvigil::agent::notify {
namespace {

constexpr std::string_view k_boundary = "=_pgvigil_alternative";

bool is_plain(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7F; });
}

/// A header's value without line breaks.
std::string on_one_line(std::string_view text) {
  std::string line(text);
  std::ranges::replace_if(
      line, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }, ' ');
  return line;
}

/// RFC 2047: words of at most 75 characters, none of which cuts a character of UTF-8.
std::string encoded_words(const std::string& text) {
  constexpr std::size_t k_most = 42;  // bytes of one word: 56 in base64
  std::string words;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = std::min(at + k_most, text.size());
    while (end < text.size() && end > at + 1 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U)
      --end;
    words += (words.empty() ? "" : "\r\n ") + ("=?UTF-8?B?" + base64(text.substr(at, end - at)) + "?=");
    at = end;
  }
  return words;
}

std::string subject_of(const std::string& subject) {
  const std::string line = on_one_line(subject);
  return is_plain(line) && line.size() <= 200 && line.find("=?") == line.npos ? line : encoded_words(line);
}

std::string part(std::string_view type, const std::string& text) {
  std::string part = "--" + std::string(k_boundary) + "\r\nContent-Type: " + std::string(type) +
                     "; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n";
  const std::string coded = base64(text);
  for (std::size_t at = 0; at < coded.size(); at += 76)
    part += coded.substr(at, 76) + "\r\n";
  return part;
}

}  // namespace

std::string mail_text(const MailContent& content) {
  std::string to;
  for (const std::string& each : content.to)
    to += (to.empty() ? "" : ",\r\n ") + on_one_line(each);
  std::string mail = "From: " + on_one_line(content.from) + "\r\nTo: " + to +
                     "\r\nSubject: " + subject_of(content.subject) + "\r\nDate: " + content.date +
                     "\r\nMessage-ID: " + content.message_id + "\r\n";
  if (!content.in_reply_to.empty())
    mail += "In-Reply-To: " + content.in_reply_to + "\r\nReferences: " + content.in_reply_to + "\r\n";
  mail +=
      "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\nContent-Type: multipart/alternative; "
      "boundary=\"" +
      std::string(k_boundary) + "\"\r\n\r\n";
  mail += part("text/plain", content.text) + part("text/html", content.html);
  return mail + "--" + std::string(k_boundary) + "--\r\n";
}

}  // namespace pgvigil::agent::notify
