#include "agent/runtime/supervisor/supervisor_worker.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

namespace pgvigil::agent {
namespace {

constexpr int k_cannot_execute = 127;  // as a shell says it

/// In the child, between fork and exec: only what is safe there.
[[noreturn]] void become_worker(const WorkerCommand& command, char* const* arguments, pid_t parent) {
  // SIGKILL: a worker that outlived its supervisor would keep the port, and its sessions on the server.
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(k_cannot_execute);
  fcntl(command.listen_descriptor, F_SETFD, 0);
  sigprocmask(SIG_SETMASK, &command.signal_mask, nullptr);
  execv(command.program.c_str(), arguments);
  _exit(k_cannot_execute);
}

}  // namespace

pid_t start_worker(const WorkerCommand& command) {
  std::vector<std::string> words = {"pgvigil"};
  words.insert(words.end(), command.arguments.begin(), command.arguments.end());
  words.insert(words.end(), {"--listen-fd", std::to_string(command.listen_descriptor), "--restarts",
                             std::to_string(command.restarts)});
  std::vector<char*> arguments;
  for (std::string& word : words)
    arguments.push_back(word.data());
  arguments.push_back(nullptr);

  const pid_t parent = getpid();
  const pid_t child = fork();
  if (child == 0) become_worker(command, arguments.data(), parent);
  return child;
}

}  // namespace pgvigil::agent
