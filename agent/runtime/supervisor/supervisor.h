#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "agent/config/config.h"
#include "agent/http/listener.h"
#include "agent/runtime/supervisor/supervisor_history.h"

namespace pgvigil::agent {

struct SupervisorSettings {
  std::string host;  ///< as for Server::bind
  int port = 9187;
  /// The arguments of the worker, without the program's name; "--listen-fd N --restarts N" is appended.
  std::vector<std::string> worker_arguments;
  std::string program = "/proc/self/exe";
  RestartPolicy restarts = {};
  LogFormat log_format = LogFormat::logfmt;
  std::chrono::milliseconds stop_time{1'000};  ///< from SIGTERM to SIGKILL
};

/// Stays for as long as the container should: binds the listening socket, runs the worker as a child that
/// inherits it, and starts another whenever it ends, however it ends. While none runs, this process answers
/// the clients itself: /livez, and a /metrics that says why nothing is known. A socket that cannot be bound
/// is tried again too.
///
/// SIGTERM and SIGINT end worker and supervisor (exit status 0); SIGHUP is handed on, and starts a waiting
/// worker at once. Children that others left behind are reaped: it may be process 1. The worker never
/// outlives it. Call it before any thread is started. Returns the exit status.
int supervise(const SupervisorSettings& settings);

/// The same with a socket that listens already.
int supervise(Listener listener, const SupervisorSettings& settings);

}  // namespace pgvigil::agent
