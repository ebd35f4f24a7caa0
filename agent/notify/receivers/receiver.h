#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/notify/message/notification.h"
#include "agent/notify/receivers/receiver_health.h"
#include "agent/notify/receivers/receiver_settings.h"
#include "agent/options/option.h"
#include "agent/transport/request.h"

namespace pgvigil::agent::notify {

/// The secrets of a receiver, read a moment ago.
struct Credentials {
  Secret url = {};
  Secret token = {};
  Secret password = {};
  Secret signing = {};
};
std::expected<Credentials, Error> read_credentials(const ReceiverSettings& settings);
/// `text` with every secret of `credentials` taken out.
std::string scrubbed(std::string text, const Credentials& credentials);

/// How much a message says: what was refused as too long or malformed is sent with less.
enum class Detail : std::uint8_t { full, reduced, plain };

/// What an answer means.
struct Judgement {
  Verdict verdict = Verdict::delivered;
  std::string why = {};  ///< "HTTP 404: no_service"
  std::optional<std::chrono::milliseconds> retry_after = {};
};

/// One receiver: turns notifications into requests, and answers into verdicts. Immutable, without I/O.
class Receiver {
 public:
  Receiver() = default;
  Receiver(const Receiver&) = delete;
  Receiver& operator=(const Receiver&) = delete;
  virtual ~Receiver() = default;

  /// The requests that tell it, to be sent one after the other.
  virtual std::vector<transport::Request> render(const Notification& notification,
                                                 const Credentials& credentials,
                                                 Detail detail) const = 0;
  virtual Judgement judge(const transport::Answer& answer) const;
  /// What is kept for the next message about the group: see Notification::memory.
  virtual std::string remember(const Notification& notification,
                               std::span<const transport::Answer> answers) const;
};

/// The verdict on an answer of HTTP where the receiver has no words of its own: 2xx is delivered, 429 slower,
/// 5xx and 408 again, 413, 400 and 422 with less, 401, 403, 404, 405, 410 and 3xx misconfigured, other 4xx
/// refused.
Judgement judge_http(const transport::Answer& answer);

/// How a type of receivers wants to be treated.
struct Manners {
  double per_second = 1;
  double burst = 3;
  bool each_alert_alone = false;  ///< one incident an alert: groups are of one alert each
  bool mirrors = false;           ///< an Alertmanager: it groups and silences by itself, and wants repetition
  bool beats = false;             ///< a heartbeat: it is told that all is well
  bool takes_any_peer = false;    ///< one of its requests is enough
};

/// One type: a line of the catalog.
struct ReceiverType {
  std::string_view word;
  std::string_view meaning;
  Manners manners = {};
  std::vector<Option<ReceiverSettings>> (*options)() = nullptr;
  /// What is missing or does not go together, as (key, message).
  void (*check)(Section& section, const ReceiverSettings& settings) = nullptr;
  std::unique_ptr<Receiver> (*make)(const ReceiverSettings& settings) = nullptr;
};

/// Every type there is.
std::span<const ReceiverType* const> receiver_types();
/// Null when there is none of that name.
const ReceiverType* find_receiver_type(std::string_view word);

}  // namespace pgvigil::agent::notify
