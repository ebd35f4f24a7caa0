#include "agent/runtime/supervisor_log.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdio>
#include <ctime>

namespace pgvigil::agent {
namespace {

void append_value(std::string& line, std::string_view value) {
  const bool bare = !value.empty() && std::ranges::none_of(value, [](char c) {
    return c <= ' ' || c == '"' || c == '=' || c == '\\' || c == '\x7f';
  });
  if (bare) {
    line += value;
    return;
  }
  line += '"';
  for (const char c : value) {
    if (c == '"' || c == '\\') line += '\\';
    line += std::iscntrl(static_cast<unsigned char>(c)) != 0 ? ' ' : c;
  }
  line += '"';
}

std::string utc_now() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  tm parts{};
  gmtime_r(&now.tv_sec, &parts);
  std::array<char, 40> text{};
  const std::size_t length = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  std::snprintf(text.data() + length, text.size() - length, ".%03dZ",
                static_cast<int>(now.tv_nsec / 1'000'000));
  return text.data();
}

}  // namespace

std::string supervisor_log_line(std::string_view time,
                                std::string_view level,
                                std::string_view event,
                                SupervisorFields fields) {
  std::string line;
  line.append("time=").append(time).append(" level=").append(level).append(" event=").append(event);
  for (const auto& [name, value] : fields) {
    line.append(" ").append(name).append("=");
    append_value(line, value);
  }
  return line += '\n';
}

void supervisor_log(std::string_view level, std::string_view event, SupervisorFields fields) {
  const std::string line = supervisor_log_line(utc_now(), level, event, fields);
  // A log that nobody takes is no reason to fail.
  (void)!write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace pgvigil::agent
