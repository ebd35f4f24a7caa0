#include "collectors/postgres/cancel.h"

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

namespace pgvigil::postgres {
namespace {

/// Runs in the child of a process with threads: async-signal-safe calls only.
[[noreturn]] void cancel_in_child(PGcancel* cancel, unsigned seconds) {
  if (fork() != 0) _exit(0);
  std::signal(SIGALRM, SIG_DFL);
  sigset_t alarm_only;
  sigemptyset(&alarm_only);
  sigaddset(&alarm_only, SIGALRM);
  sigprocmask(SIG_UNBLOCK, &alarm_only, nullptr);
  // The parent's sessions must not stay open through this process.
  close_range(3, ~0U, 0);
  alarm(seconds);
  char message[256];
  PQcancel(cancel, message, sizeof message);
  _exit(0);
}

}  // namespace

void send_cancel(PGconn* conn, std::chrono::seconds patience) {
  const PgCancel cancel(PQgetCancel(conn));
  if (!cancel) return;
  const pid_t child = fork();
  if (child == 0) cancel_in_child(cancel.get(), static_cast<unsigned>(patience.count()));
  if (child > 0) waitpid(child, nullptr, 0);
}

}  // namespace pgvigil::postgres
