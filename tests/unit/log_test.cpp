#include "agent/log/log.h"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <concepts>
#include <limits>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "agent/log/repeat_guard.h"
#include "collectors/model/secret.h"

using namespace pgvigil;
using namespace pgvigil::agent;
using namespace std::chrono_literals;

// A secret cannot be logged, whatever it is wrapped in.
static_assert(!Loggable<Secret>);
static_assert(!std::constructible_from<LogField, const char*, Secret>);
static_assert(!std::constructible_from<LogField, const char*, std::optional<Secret>>);
static_assert(std::constructible_from<LogField, const char*, std::string>);
static_assert(!std::constructible_from<LogField, const char*, char>);

namespace {

const Timestamp k_time{std::chrono::milliseconds{1'795'471'389'007}};  // 2026-11-23 22:03:09.007 UTC

std::string logfmt(const LogFields& fields) {
  const std::string line = log_line(LogFormat::logfmt, k_time, LogLevel::info, "e", fields);
  const std::string head = "time=2026-11-23T22:03:09.007Z level=info event=e";
  REQUIRE(line.starts_with(head));
  return line.size() == head.size() ? "" : line.substr(head.size() + 1);
}

nlohmann::json json(const LogFields& fields) {
  return nlohmann::json::parse(log_line(LogFormat::json, k_time, LogLevel::warning, "e", fields));
}

/// Catches what is written to standard error while it lives.
class Stderr {
 public:
  Stderr() : saved_(::dup(STDERR_FILENO)), file_(std::tmpfile()) {
    REQUIRE(file_ != nullptr);
    ::dup2(::fileno(file_), STDERR_FILENO);
  }
  ~Stderr() {
    ::dup2(saved_, STDERR_FILENO);
    ::close(saved_);
    std::fclose(file_);
    configure_log({});
  }
  Stderr(const Stderr&) = delete;
  Stderr& operator=(const Stderr&) = delete;

  /// The lines so far, without their time.
  std::vector<std::string> lines() const {
    std::fflush(stderr);
    std::string text(static_cast<std::size_t>(::lseek(::fileno(file_), 0, SEEK_END)), '\0');
    const auto read = ::pread(::fileno(file_), text.data(), text.size(), 0);
    REQUIRE(read == static_cast<ssize_t>(text.size()));
    std::vector<std::string> lines;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);)
      lines.push_back(line.starts_with("time=") ? line.substr(line.find(' ') + 1) : line);
    return lines;
  }

 private:
  int saved_;
  std::FILE* file_;
};

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("a line begins with the time in UTC, the level and the event", "[log]") {
  CHECK(log_line(LogFormat::logfmt, k_time, LogLevel::error, "server_silent", {{"host", "db"}}) ==
        "time=2026-11-23T22:03:09.007Z level=error event=server_silent host=db");
  CHECK(log_line(LogFormat::json, k_time, LogLevel::debug, "listening", {{"port", 9187}}) ==
        R"({"time":"2026-11-23T22:03:09.007Z","level":"debug","event":"listening","port":9187})");
  CHECK(log_line(LogFormat::logfmt, Timestamp{-1ms}, LogLevel::info, "e", {}) ==
        "time=1969-12-31T23:59:59.999Z level=info event=e");
}

TEST_CASE("numbers and booleans", "[log]") {
  const LogFields fields = {{"i", -5},     {"u", std::numeric_limits<std::uint64_t>::max()},
                            {"d", 1.5},    {"tiny", 1e-9},
                            {"yes", true}, {"no", false}};
  CHECK(logfmt(fields) == "i=-5 u=18446744073709551615 d=1.5 tiny=1e-09 yes=true no=false");
  CHECK(json(fields)["u"] == std::numeric_limits<std::uint64_t>::max());
  CHECK(json(fields)["d"] == 1.5);
  CHECK(json(fields)["yes"] == true);
  const LogFields odd = {{"nan", std::nan("")}, {"inf", -std::numeric_limits<double>::infinity()}};
  CHECK(logfmt(odd) == "nan=NaN inf=-Inf");
  CHECK(json(odd)["nan"] == "NaN");
}

TEST_CASE("text is quoted where it has to be", "[log]") {
  CHECK(logfmt({{"a", "plain/text-1.2:3"}}) == "a=plain/text-1.2:3");
  CHECK(logfmt({{"a", ""}}) == "a=\"\"");
  CHECK(logfmt({{"a", "two words"}}) == "a=\"two words\"");
  CHECK(logfmt({{"a", "x=y"}}) == "a=\"x=y\"");
  CHECK(logfmt({{"a", "say \"hi\""}}) == R"(a="say \"hi\"")");
  CHECK(logfmt({{"a", "back\\slash"}}) == R"(a="back\\slash")");
  CHECK(logfmt({{"a", "grüße"}}) == "a=grüße");
}

TEST_CASE("no text can begin a line of its own or speak to a terminal", "[log]") {
  const std::string nasty("a\nb\r\tc\0d\x1b[31m\x7f\xc2\x9b", 16);
  CHECK(logfmt({{"a", nasty}}) == R"(a="a\nb\r\tc\u0000d\u001b[31m\u007f\u009b")");
  CHECK(json({{"a", nasty}})["a"] == nasty);
  CHECK(logfmt({{"a", "\xff\xfe"}}) == "a=\xEF\xBF\xBD\xEF\xBF\xBD");
  CHECK(json({{"a", "x\xc3"}})["a"] == "x\xEF\xBF\xBD");
}

TEST_CASE("events below the level are not written", "[log]") {
  const Stderr caught;
  configure_log({LogFormat::logfmt, LogLevel::warning});
  log(LogLevel::debug, "a", {});
  log(LogLevel::info, "b", {});
  log(LogLevel::warning, "c", {{"text", "{} %v %n"}});
  log(LogLevel::error, "d", {});
  configure_log({LogFormat::json, LogLevel::debug});
  log(LogLevel::debug, "e", {});
  const Lines lines = caught.lines();
  REQUIRE(lines.size() == 3);
  CHECK(lines[0] == "level=warning event=c text=\"{} %v %n\"");
  CHECK(lines[1] == "level=error event=d");
  CHECK(nlohmann::json::parse(lines[2])["event"] == "e");
}

TEST_CASE("lines of many threads stay whole", "[log]") {
  const Stderr caught;
  {
    std::vector<std::jthread> threads;
    for (int number = 0; number < 4; ++number)
      threads.emplace_back([number] {
        for (int i = 0; i < 200; ++i)
          log(LogLevel::info, "e", {{"thread", number}, {"text", std::string(300, 'x')}});
      });
  }
  const Lines lines = caught.lines();
  CHECK(lines.size() == 800);
  for (const std::string& line : lines) {
    const bool whole =
        line.starts_with("level=info event=e thread=") && line.ends_with("text=" + std::string(300, 'x'));
    if (!whole) FAIL_CHECK(line);
  }
}

TEST_CASE("an error that stays is told once, its change and its end with their counts", "[log]") {
  const Stderr caught;
  const auto start = std::chrono::steady_clock::time_point{} + 1h;
  const Error refused{ErrorKind::unreachable, "connection refused", "Start it."};
  const Error slow{ErrorKind::timed_out, "no answer"};
  const auto fail = [&](const Error& error, std::chrono::seconds at) {
    log_on_change(LogLevel::error, "server_silent", "server", error, {{"n", 1}}, start + at);
  };
  for (int i = 0; i < 5; ++i)
    fail(refused, i * 15s);
  fail(slow, 75s);
  log_recovery("server_silent", "server", {{"host", "db"}}, start + 90s);
  log_recovery("server_silent", "server", {}, start + 91s);
  fail(slow, 100s);
  log_recovery("server_silent", "server", {}, start + 101s);
  CHECK(caught.lines() ==
        Lines{"level=error event=server_silent n=1 kind=unreachable error=\"connection refused\" "
              "hint=\"Start it.\"",
              "level=error event=server_silent n=1 kind=timed_out error=\"no answer\" repeated=4",
              "level=info event=recovered from=server_silent host=db failures=6 seconds=90",
              "level=error event=server_silent n=1 kind=timed_out error=\"no answer\"",
              "level=info event=recovered from=server_silent failures=1 seconds=1"});
}

TEST_CASE("errors of different keys and events do not hide each other", "[log]") {
  const Stderr caught;
  const auto now = std::chrono::steady_clock::time_point{} + 1h;
  const Error error{ErrorKind::query, "same"};
  log_on_change(LogLevel::warning, "a", "x", error, {}, now);
  log_on_change(LogLevel::warning, "a", "y", error, {}, now);
  log_on_change(LogLevel::warning, "b", "x", error, {}, now);
  CHECK(caught.lines().size() == 3);
  log_recovery("a", "x", {}, now);
  log_on_change(LogLevel::warning, "a", "y", error, {}, now);
  CHECK(caught.lines().size() == 4);
  log_recovery("a", "y", {}, now);
  log_recovery("b", "x", {}, now);
}

TEST_CASE("an error that lasts is told again each hour", "[log]") {
  RepeatGuard guard(1h);
  const RepeatGuard::Clock::time_point start{};
  CHECK(guard.failed("k", "text", start) == 0u);
  CHECK(guard.failed("k", "text", start + 30min) == std::nullopt);
  CHECK(guard.failed("k", "text", start + 59min) == std::nullopt);
  CHECK(guard.failed("k", "text", start + 60min) == 2u);
  CHECK(guard.failed("k", "text", start + 61min) == std::nullopt);
  CHECK(guard.failed("k", "other", start + 62min) == 1u);
  CHECK(guard.failed("k", "other", start + 122min) == 0u);
  const auto spell = guard.recovered("k", start + 123min);
  REQUIRE(spell);
  CHECK(spell->failures == 7);
  CHECK(spell->lasted == 123min);
  CHECK_FALSE(guard.recovered("k", start + 124min));
}

TEST_CASE("any number of things can fail without the guard growing for ever", "[log]") {
  RepeatGuard guard;
  for (int i = 0; i < 50'000; ++i)
    guard.failed("key " + std::to_string(i), "text", {});
  CHECK(guard.failed("key 49999", "text", {}) == std::nullopt);
  CHECK(guard.failed("key 0", "text", {}) == 0u);
}
