#include "agent/runtime/supervisor/supervisor.h"

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>

#include "agent/http/connection_loop.h"
#include "agent/runtime/supervisor/supervisor_log.h"
#include "agent/runtime/supervisor/supervisor_pages.h"
#include "agent/runtime/supervisor/supervisor_signals.h"
#include "agent/runtime/supervisor/supervisor_worker.h"

namespace pgvigil::agent {
namespace {

using Clock = Deadline::clock;

constexpr std::chrono::seconds k_bind_pause{5};

/// To the millisecond, which is enough for a person.
double seconds(Clock::duration duration) {
  return static_cast<double>(std::chrono::duration_cast<std::chrono::milliseconds>(duration).count()) / 1'000;
}

/// One at a time is enough for what it answers; the rest is room for clients that are slow.
HttpLimits supervisor_limits() {
  HttpLimits limits;
  limits.max_connections = 16;
  limits.write_time = std::chrono::seconds(5);
  return limits;
}

class Supervisor {
 public:
  Supervisor(Listener listener, const SupervisorSettings& settings, const SupervisorSignals& signals)
      : settings_(settings),
        signals_(signals),
        listener_(std::move(listener)),
        loop_(
            listener_,
            limits_,
            [this](std::unique_ptr<Connection> client) { answer(std::move(client)); },
            [](CloseReason) {}),
        history_(settings.restarts) {}

  /// Until a signal says so and the worker is gone.
  void run() {
    reap();
    while (!stopping_ || worker_) {
      if (!stopping_ && !worker_ && Clock::now() >= history_.next_start()) start();
      loop_.accept_clients(!worker_ && !stopping_);
      loop_.wait(signals_.descriptor(), next_event());
      while (const auto signal = signals_.next())
        heed(*signal);
      if (stopping_ && worker_ && Clock::now() >= kill_at_) kill_worker();
      for (auto& client : std::exchange(answered_, {}))
        loop_.take_back(std::move(client), Clock::now());
    }
  }

 private:
  Deadline next_event() const {
    if (stopping_) return kill_at_;
    return worker_ ? Deadline::max() : history_.next_start();
  }

  void log(LogLevel level, std::string_view event, const LogFields& fields) const {
    supervisor_log(settings_.log_format, level, event, fields);
  }

  void start() {
    const auto now = Clock::now();
    history_.started(now);
    const pid_t child = start_worker({.program = settings_.program,
                                      .arguments = settings_.worker_arguments,
                                      .listen_descriptor = listener_.descriptor(),
                                      .restarts = history_.restarts(),
                                      .signal_mask = signals_.previous_mask()});
    if (child > 0) {
      worker_ = child;
      started_at_ = now;
      log(LogLevel::info, "worker_started", {{"worker", child}});
      return;
    }
    const std::string cause = std::strerror(errno);
    const auto next = history_.not_started(now);
    log(LogLevel::error, "worker_not_started", {{"cause", cause}, {"again_in_seconds", seconds(next - now)}});
  }

  void heed(int signal) {
    switch (signal) {
      case SIGCHLD:
        return reap();
      case SIGHUP:
        return reload();
      default:
        return stop(signal);
    }
  }

  void stop(int signal) {
    if (stopping_) return;
    log(LogLevel::info, "supervisor_stopping", {{"signal", signal == SIGINT ? "SIGINT" : "SIGTERM"}});
    stopping_ = true;
    kill_at_ = Clock::now() + settings_.stop_time;
    if (worker_) kill(*worker_, SIGTERM);
  }

  void kill_worker() {
    log(LogLevel::warning, "worker_killed", {{"after_seconds", seconds(settings_.stop_time)}});
    kill(*worker_, SIGKILL);
    kill_at_ = Deadline::max();
  }

  void reload() {
    if (worker_)
      kill(*worker_, SIGHUP);
    else
      history_.forgive(Clock::now());
  }

  /// The worker, and as process 1 whatever was left behind by others.
  void reap() {
    int status = 0;
    for (pid_t child = waitpid(-1, &status, WNOHANG); child > 0; child = waitpid(-1, &status, WNOHANG))
      if (worker_ == child) ended(status);
  }

  void ended(int status) {
    worker_.reset();
    if (stopping_) return;
    const auto now = Clock::now();
    const ProcessEnd end{.signalled = WIFSIGNALED(status),
                         .code = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status)};
    const auto next = history_.ended(end, now);
    const auto [kind, code] = exit_labels(end);
    log(LogLevel::error, "worker_ended",
        {{kind == "exit" ? "status" : "signal", code},
         {"lived_seconds", seconds(now - started_at_)},
         {"restarts", history_.restarts()},
         {"again_in_seconds", seconds(next - now)}});
  }

  void answer(std::unique_ptr<Connection> client) {
    const auto now = Clock::now();
    client->send(supervisor_reply(client->take_request().head, history_, now), now);
    answered_.push_back(std::move(client));
  }

  const SupervisorSettings& settings_;
  const SupervisorSignals& signals_;
  const HttpLimits limits_ = supervisor_limits();
  Listener listener_;
  ConnectionLoop loop_;
  std::vector<std::unique_ptr<Connection>> answered_;
  WorkerHistory history_;
  std::optional<pid_t> worker_;
  Deadline started_at_{};
  bool stopping_ = false;
  Deadline kill_at_{};
};

/// Sleeps, but not through a signal to stop; false when there was one.
bool pause(const SupervisorSignals& signals, Deadline until) {
  for (auto now = Clock::now(); now < until; now = Clock::now()) {
    pollfd source{signals.descriptor(), POLLIN, 0};
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - now);
    if (poll(&source, 1, static_cast<int>(left.count())) <= 0) continue;
    while (const auto signal = signals.next()) {
      if (*signal == SIGTERM || *signal == SIGINT) return false;
      if (*signal == SIGHUP) return true;
    }
  }
  return true;
}

/// The socket, however long it takes: an exit would take the pod out of its Service, and the one who holds
/// the port may go.
std::optional<Listener> listen_in_the_end(const SupervisorSettings& settings,
                                          const SupervisorSignals& signals) {
  Error said;
  for (;;) {
    auto listener = Listener::bind(settings.host, settings.port);
    if (listener) return std::move(*listener);
    if (listener.error() != said) {
      said = listener.error();
      supervisor_log(
          settings.log_format, LogLevel::error, "listen_failed",
          {{"error", said.message}, {"hint", said.hint}, {"again_in_seconds", seconds(k_bind_pause)}});
    }
    if (!pause(signals, Clock::now() + k_bind_pause)) return std::nullopt;
  }
}

}  // namespace

int supervise(const SupervisorSettings& settings) {
  const SupervisorSignals signals;
  auto listener = listen_in_the_end(settings, signals);
  if (listener) Supervisor(std::move(*listener), settings, signals).run();
  return 0;
}

int supervise(Listener listener, const SupervisorSettings& settings) {
  const SupervisorSignals signals;
  Supervisor(std::move(listener), settings, signals).run();
  return 0;
}

}  // namespace pgvigil::agent
