#include "agent/log/log.h"

#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <atomic>
#include <memory>
#include <utility>

#include "agent/log/repeat_guard.h"

namespace pgvigil::agent {
namespace {

spdlog::level::level_enum spdlog_level(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return spdlog::level::debug;
    case LogLevel::info:
      return spdlog::level::info;
    case LogLevel::warning:
      return spdlog::level::warn;
    case LogLevel::error:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

/// The one door to spdlog. Standard error is one for the process, and so is this.
class Log {
 public:
  Log() : logger_("pgvigil", std::make_shared<spdlog::sinks::stderr_sink_mt>()) {
    logger_.set_pattern("%v");
    logger_.set_error_handler([](const std::string&) {});
    configure(LogConfig{});
  }

  void configure(const LogConfig& config) {
    format_ = config.format;
    logger_.set_level(spdlog_level(config.level));
  }

  void write(LogLevel level, std::string_view event, const LogFields& fields) {
    const auto severity = spdlog_level(level);
    if (!logger_.should_log(severity)) return;
    logger_.log(severity, log_line(format_, std::chrono::system_clock::now(), level, event, fields));
  }

  RepeatGuard repeats;

 private:
  std::atomic<LogFormat> format_;
  spdlog::logger logger_;
};

/// Never destroyed: a thread may still log while the process ends.
Log& the_log() {
  static Log& log = *new Log;
  return log;
}

/// Of the LogScope that this thread is in; empty outside of any.
std::string& scope_server() {
  thread_local std::string server;
  return server;
}

/// What the keys of one server begin with.
std::string prefix_of(std::string_view server) {
  return std::string(server) + '\0';
}

std::string key_of(std::string_view event, std::string_view key) {
  return prefix_of(scope_server()).append(event).append(1, '\0').append(key);
}

}  // namespace

void log(LogLevel level, std::string_view event, const LogFields& fields) {
  const std::string& server = scope_server();
  if (server.empty()) return the_log().write(level, event, fields);
  LogFields all = {{"server", server}};
  all.insert(all.end(), fields.begin(), fields.end());
  the_log().write(level, event, all);
}

void log_on_change(LogLevel level,
                   std::string_view event,
                   std::string_view key,
                   const Error& error,
                   const LogFields& fields,
                   std::chrono::steady_clock::time_point now) {
  const std::string text = std::string(to_string(error.kind)) + ": " + error.message;
  const auto repeated = the_log().repeats.failed(key_of(event, key), text, now);
  if (!repeated) return;
  LogFields all = fields;
  all.emplace_back("kind", to_string(error.kind));
  all.emplace_back("error", error.message);
  if (!error.hint.empty()) all.emplace_back("hint", error.hint);
  if (*repeated > 0) all.emplace_back("repeated", *repeated);
  log(level, event, all);
}

void log_recovery(std::string_view event,
                  std::string_view key,
                  const LogFields& fields,
                  std::chrono::steady_clock::time_point now) {
  const auto spell = the_log().repeats.recovered(key_of(event, key), now);
  if (!spell) return;
  LogFields all = {{"from", event}};
  all.insert(all.end(), fields.begin(), fields.end());
  all.emplace_back("failures", spell->failures);
  all.emplace_back("seconds", std::chrono::duration<double>(spell->lasted).count());
  log(LogLevel::info, "recovered", all);
}

LogScope::LogScope(std::string server) : before_(std::exchange(scope_server(), std::move(server))) {}

LogScope::~LogScope() {
  scope_server() = std::move(before_);
}

void forget_errors_of(std::string_view server) {
  the_log().repeats.forget(prefix_of(server));
}

void configure_log(const LogConfig& config) {
  the_log().configure(config);
}

}  // namespace pgvigil::agent
