#include "agent/runtime/supervisor/supervisor_signals.h"

#include <sys/signalfd.h>
#include <unistd.h>

namespace pgvigil::agent {
namespace {

sigset_t supervised_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGCHLD})
    sigaddset(&signals, signal);
  return signals;
}

}  // namespace

SupervisorSignals::SupervisorSignals() {
  const sigset_t signals = supervised_signals();
  sigprocmask(SIG_BLOCK, &signals, &previous_);
  descriptor_ = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
}

SupervisorSignals::~SupervisorSignals() {
  close(descriptor_);
  sigprocmask(SIG_SETMASK, &previous_, nullptr);
}

std::optional<int> SupervisorSignals::next() const {
  signalfd_siginfo info{};
  if (read(descriptor_, &info, sizeof info) != sizeof info) return std::nullopt;
  return static_cast<int>(info.ssi_signo);
}

}  // namespace pgvigil::agent
