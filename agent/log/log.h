#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "agent/log/log_line.h"
#include "agent/log/settings.h"
#include "collectors/model/error.h"

namespace pgvigil::agent {

/// Writes one event as one line to standard error, when its level is logged at all:
///
///     log(LogLevel::info, "listening", {{"port", 9187}});
///
/// `event` is one word, in snake_case; what it is about stands in the fields. Any thread may call it. It
/// never throws and never fails: a line that cannot be written is lost.
void log(LogLevel level, std::string_view event, const LogFields& fields);

/// Logs an error that may come again and again, once: again when its text changes or after an hour, then with
/// `repeated`, the number of times it was silent since. `key` tells what failed: "locks". Any thread may call
/// it.
void log_on_change(LogLevel level,
                   std::string_view event,
                   std::string_view key,
                   const Error& error,
                   const LogFields& fields,
                   std::chrono::steady_clock::time_point now = std::chrono::steady_clock::now());

/// Logs that what log_on_change() told of `event` and `key` is over, with the number of failures and how long
/// they lasted; nothing when there was none. Any thread may call it.
void log_recovery(std::string_view event,
                  std::string_view key,
                  const LogFields& fields,
                  std::chrono::steady_clock::time_point now = std::chrono::steady_clock::now());

/// While it lives, every line of this thread has the field `server`, and log_on_change() keeps the errors of
/// one server apart from those of another. Without a name it changes nothing.
class LogScope {
 public:
  explicit LogScope(std::string server);
  ~LogScope();
  LogScope(const LogScope&) = delete;
  LogScope& operator=(const LogScope&) = delete;

 private:
  std::string before_;
};

/// Forgets what log_on_change() remembers of the errors of a server that nobody watches any more.
void forget_errors_of(std::string_view server);

/// The format and the least level, from now on. Before the first call: logfmt, info. Any thread may call it.
void configure_log(const LogConfig& config);

}  // namespace pgvigil::agent
