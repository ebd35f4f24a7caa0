#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <string>
#include <utility>
#include <vector>

#include "agent/transport/request.h"

namespace pgvigil::agent::notify {

/// Where a secret comes from. Read before every use, so that a rotated one is taken up.
struct SecretSource {
  Secret text = {};  ///< written in the configuration: for addresses that are none
  std::string file = {};
  std::string variable = {};  ///< of the environment

  bool is_given() const { return !text.empty() || !file.empty() || !variable.empty(); }
  bool operator==(const SecretSource&) const = default;
};

/// The secret itself, without white space at its ends. The error names the source, and no more.
std::expected<Secret, Error> read_secret(const SecretSource& source);

/// [receiver.NAME]: of all types together; each type has keys for what it uses.
struct ReceiverSettings {
  std::string name;
  std::string type;
  SecretSource url = {};
  SecretSource token = {};     ///< bot token, API key, routing key, bearer token
  SecretSource password = {};  ///< of `user`
  SecretSource signing = {};   ///< of Standard Webhooks: "whsec_" and base64
  std::string user = {};
  std::vector<std::string> urls = {};  ///< of peers
  std::string channel = {};            ///< or chat
  std::string thread = {};             ///< of a chat: its topic
  std::string method = "POST";
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::string title = {};  ///< templates; empty: the receiver's own text
  std::string body = {};
  std::string server = {};  ///< of mail: host:port
  transport::MailSecurity security = transport::MailSecurity::starttls;
  std::string from = {};
  std::vector<std::string> to = {};
  std::size_t max_alerts = 10;  ///< shown in one message; the others are counted
  bool send_resolved = true;
  std::chrono::milliseconds resolve_timeout{240'000};
  std::chrono::milliseconds every{60'000};  ///< of a heartbeat
  std::string fallback = {};                ///< a receiver that takes over
  std::chrono::milliseconds fallback_after{120'000};
  transport::Transport transport = {};

  bool operator==(const ReceiverSettings&) const = default;
};

}  // namespace pgvigil::agent::notify
