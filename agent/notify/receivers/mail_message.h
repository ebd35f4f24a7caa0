#pragma once

#include <string>
#include <vector>

namespace pgvigil::agent::notify {

/// What stands in a mail.
struct MailContent {
  std::string from;
  std::vector<std::string> to;
  std::string subject;
  std::string date;         ///< as RFC 5322 writes it
  std::string message_id;   ///< with its angle brackets
  std::string in_reply_to;  ///< empty: the mail begins its thread
  std::string text;
  std::string html;
};

/// The mail as RFC 5322 and MIME write it, with CRLF: text and HTML as alternatives, both in base64. No
/// header can be broken by what stands in it.
std::string mail_text(const MailContent& content);

}  // namespace pgvigil::agent::notify
