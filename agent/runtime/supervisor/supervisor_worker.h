#pragma once

#include <sys/types.h>

#include <csignal>
#include <cstdint>
#include <string>
#include <vector>

namespace pgvigil::agent {

/// What a worker process is made of.
struct WorkerCommand {
  std::string program;
  std::vector<std::string> arguments;  ///< without the program's name
  int listen_descriptor = -1;          ///< inherited, and named by --listen-fd
  std::uint64_t restarts = 0;          ///< handed over with --restarts
  sigset_t signal_mask{};              ///< that the worker begins with
};

/// Starts a worker that dies with this process, by a signal of the kernel's. Returns its pid, or -1 with
/// errno; a program that cannot be executed ends with status 127.
pid_t start_worker(const WorkerCommand& command);

}  // namespace pgvigil::agent
