#include "agent/runtime/supervisor/supervisor_log.h"

#include <unistd.h>

#include <chrono>

namespace pgvigil::agent {

void supervisor_log(LogFormat format, LogLevel level, std::string_view event, const LogFields& fields) {
  const std::string line = log_line(format, std::chrono::system_clock::now(), level, event, fields) + '\n';
  // A log that nobody takes is no reason to fail.
  (void)!write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace pgvigil::agent
