#include "agent/runtime/supervisor/supervisor.h"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "agent/runtime/supervisor/supervisor_pages.h"
#include "tests/unit/http_client.h"

using namespace pgvigil;
using namespace pgvigil::agent;
using namespace pgvigil::test;
using namespace std::chrono_literals;

namespace {

constexpr RestartPolicy k_policy{.first = 100ms, .limit = 30s, .settled = 60s};
constexpr ProcessEnd k_crash{.signalled = true, .code = SIGSEGV};

std::chrono::milliseconds pause_after(WorkerHistory& history, Deadline& now, std::chrono::milliseconds life) {
  history.started(now);
  now += life;
  const auto next = history.ended(k_crash, now);
  const auto pause = std::chrono::duration_cast<std::chrono::milliseconds>(next - now);
  now = next;
  return pause;
}

}  // namespace

TEST_CASE("a worker that keeps dying is started ever more slowly") {
  WorkerHistory history(k_policy);
  Deadline now{};
  std::vector<std::chrono::milliseconds> pauses;
  for (int i = 0; i < 11; ++i)
    pauses.push_back(pause_after(history, now, 1s));
  CHECK(pauses == std::vector<std::chrono::milliseconds>{100ms, 200ms, 400ms, 800ms, 1600ms, 3200ms, 6400ms,
                                                         12800ms, 25600ms, 30s, 30s});
  for (int i = 0; i < 100; ++i)
    CHECK(pause_after(history, now, 0s) == 30s);
  CHECK(history.restarts() == 111);
}

TEST_CASE("a worker that has lived for a while is forgiven") {
  WorkerHistory history(k_policy);
  Deadline now{};
  for (int i = 0; i < 6; ++i)
    pause_after(history, now, 59s);
  CHECK(pause_after(history, now, 60s) == 100ms);
  CHECK(pause_after(history, now, 1s) == 200ms);
}

TEST_CASE("an operator's word ends the pause") {
  WorkerHistory history(k_policy);
  Deadline now{};
  for (int i = 0; i < 9; ++i)
    pause_after(history, now, 1s);
  history.started(now);
  history.ended(k_crash, now);
  CHECK(history.next_start() > now + 10s);
  history.forgive(now);
  CHECK(history.next_start() == now);
  CHECK(pause_after(history, now, 1s) == 100ms);
}

TEST_CASE("a process that cannot be made is no restart") {
  WorkerHistory history(k_policy);
  Deadline now{};
  CHECK(history.not_started(now) == now + 100ms);
  CHECK(history.not_started(now) == now + 200ms);
  CHECK(history.restarts() == 0);
  CHECK_FALSE(history.last_end());
}

TEST_CASE("an end has a name") {
  CHECK(exit_labels({.signalled = false, .code = 3}).kind == "exit");
  CHECK(exit_labels({.signalled = false, .code = 3}).code == "3");
  CHECK(exit_labels({.signalled = true, .code = SIGKILL}).kind == "signal");
  CHECK(exit_labels({.signalled = true, .code = SIGKILL}).code == "SIGKILL");
  CHECK(exit_labels({.signalled = true, .code = 60}).code == "60");
}

namespace {

std::string supervisor_answer(std::string_view head) {
  WorkerHistory history(k_policy);
  const Deadline now{};
  history.started(now);
  history.ended(k_crash, now);
  const Reply reply = supervisor_reply(head, history, now);
  CHECK_FALSE(reply.keep_alive);
  std::string all = reply.head;
  for (const auto& piece : reply.body)
    all += *piece;
  return all;
}

}  // namespace

TEST_CASE("while no worker runs the supervisor lives, and says what it knows") {
  CHECK(status_of(supervisor_answer("GET /livez HTTP/1.1\r\n\r\n")) == "200");
  CHECK(status_of(supervisor_answer("GET /readyz HTTP/1.1\r\n\r\n")) == "503");
  CHECK(status_of(supervisor_answer("GET / HTTP/1.1\r\n\r\n")) == "503");
  CHECK(status_of(supervisor_answer("POST /metrics HTTP/1.1\r\n\r\n")) == "400");
  CHECK(status_of(supervisor_answer("nonsense\r\n\r\n")) == "400");
  CHECK(body_of(supervisor_answer("HEAD /metrics HTTP/1.1\r\n\r\n")).empty());

  const std::string metrics = body_of(supervisor_answer("GET /metrics?x=y HTTP/1.1\r\n\r\n"));
  CHECK(metrics.find("\npgvigil_worker_up 0\n") != std::string::npos);
  CHECK(metrics.find("\npgvigil_worker_restarts_total 1\n") != std::string::npos);
  CHECK(metrics.find("\npgvigil_worker_start_delay_seconds 0.1\n") != std::string::npos);
  CHECK(metrics.find("\npgvigil_worker_last_exit_info{kind=\"signal\",code=\"SIGSEGV\"} 1\n") !=
        std::string::npos);
  // Nothing is known about Postgres, so nothing is said.
  CHECK(metrics.find("\npg_") == std::string::npos);
}

// --- a real supervisor in a process of its own, with a shell script as its worker ---

namespace {

template <typename Condition>
bool eventually(Condition condition) {
  for (int i = 0; i < 500; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(20ms);
  }
  return condition();
}

/// Also a process that has ended, until somebody waits for it.
bool exists(pid_t process) {
  return kill(process, 0) == 0;
}

bool runs(pid_t process) {
  std::ifstream file("/proc/" + std::to_string(process) + "/stat");
  std::string stat;
  std::getline(file, stat);
  const auto name_end = stat.rfind(')');
  return name_end != std::string::npos && stat.substr(name_end, 3) != ") Z";
}

class TestSupervisor {
 public:
  /// `script` is the worker: it finds the descriptor in $1 and the restarts in $3, and may write to $log.
  explicit TestSupervisor(const std::string& script,
                          RestartPolicy policy = {.first = 100ms, .limit = 200ms}) {
    char folder[] = "/tmp/supervisor_test_XXXXXX";
    folder_ = mkdtemp(folder);
    auto listener = Listener::bind("127.0.0.1", 0).value();
    port_ = listener.port();
    SupervisorSettings settings;
    settings.program = "/bin/sh";
    settings.worker_arguments = {"-c", "log=" + log_file() + "; " + script};
    settings.restarts = policy;
    settings.stop_time = 300ms;
    process_ = fork();
    if (process_ == 0) {
      prctl(PR_SET_CHILD_SUBREAPER, 1);  // as process 1 is
      std::signal(SIGHUP,
                  SIG_DFL);  // under nohup it is ignored, and a shell cannot trap what it began ignoring
      if (freopen("/dev/null", "w", stderr) == nullptr) _exit(126);
      _exit(supervise(std::move(listener), settings));
    }
  }
  ~TestSupervisor() {
    if (process_ > 0) {
      kill(process_, SIGKILL);
      waitpid(process_, nullptr, 0);
    }
    std::filesystem::remove_all(folder_);
  }
  TestSupervisor(const TestSupervisor&) = delete;
  TestSupervisor& operator=(const TestSupervisor&) = delete;

  int port() const { return port_; }
  pid_t process() const { return process_; }
  void signal(int number) const { kill(process_, number); }
  /// Lines that the worker wrote.
  std::vector<std::string> log() const {
    std::ifstream file(log_file());
    std::vector<std::string> lines;
    for (std::string line; std::getline(file, line);)
      lines.push_back(line);
    return lines;
  }
  bool logged(const std::string& line) const {
    return eventually([&] {
      const auto lines = log();
      return std::ranges::find(lines, line) != lines.end();
    });
  }
  /// The pid that the worker wrote as its n-th line.
  pid_t logged_pid(std::size_t line) const {
    REQUIRE(eventually([&] { return log().size() > line; }));
    return static_cast<pid_t>(std::stol(log()[line]));
  }
  /// Waits for the end; the exit status, or -1.
  int exit_status() {
    int status = 0;
    if (!eventually([&] { return waitpid(process_, &status, WNOHANG) == process_; })) return -1;
    process_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

 private:
  std::string log_file() const { return folder_ + "/log"; }
  std::string folder_;
  int port_ = 0;
  pid_t process_ = -1;
};

}  // namespace

TEST_CASE("supervisor: a worker gets the socket and the number of restarts, and is replaced when it dies") {
  TestSupervisor test("test -S /proc/self/fd/$1 && echo \"socket $3\" >>$log; kill -9 $$");
  CHECK(test.logged("socket 0"));
  CHECK(test.logged("socket 1"));
  CHECK(test.logged("socket 2"));
}

TEST_CASE("supervisor: a worker that ends by itself is replaced too") {
  TestSupervisor test("echo $3 >>$log; exit 0");
  CHECK(test.logged("3"));
}

TEST_CASE("supervisor: while no worker runs clients are answered, and never refused") {
  TestSupervisor test("sleep 0.1; exit 7", {.first = 2s, .limit = 2s});
  const std::string metrics = http_get(test.port(), "/metrics");  // waits for the worker's end in the queue
  CHECK(status_of(metrics) == "200");
  CHECK(metrics.find("\npgvigil_worker_up 0\n") != std::string::npos);
  CHECK(metrics.find("pgvigil_worker_last_exit_info{kind=\"exit\",code=\"7\"} 1\n") != std::string::npos);
  CHECK(status_of(http_get(test.port(), "/livez")) == "200");
  CHECK(status_of(http_get(test.port(), "/readyz")) == "503");
}

TEST_CASE("supervisor: silent clients hold up neither answers nor the stop") {
  TestSupervisor test("exit 1", {.first = 60s, .limit = 60s});
  std::vector<RawClient> silent;
  for (int i = 0; i < 40; ++i)
    silent.emplace_back(test.port());
  CHECK(status_of(http_get(test.port(), "/livez")) == "200");
  test.signal(SIGTERM);
  CHECK(test.exit_status() == 0);
}

TEST_CASE("supervisor: a program that cannot be executed is tried again") {
  SupervisorSettings settings;
  settings.program = "/nonexistent/pgvigil";
  auto listener = Listener::bind("127.0.0.1", 0).value();
  const int port = listener.port();
  const pid_t process = fork();
  if (process == 0) {
    if (freopen("/dev/null", "w", stderr) == nullptr) _exit(126);
    _exit(supervise(std::move(listener), settings));
  }
  CHECK(http_get(port, "/metrics").find("{kind=\"exit\",code=\"127\"} 1\n") != std::string::npos);
  kill(process, SIGTERM);
  int status = 0;
  waitpid(process, &status, 0);
  CHECK(WIFEXITED(status));
}

TEST_CASE("supervisor: SIGTERM ends the worker first, with exit status 0") {
  TestSupervisor test("trap 'echo told >>$log; exit 0' TERM; echo $$ >>$log; while :; do sleep 0.05; done");
  const pid_t worker = test.logged_pid(0);
  test.signal(SIGTERM);
  CHECK(test.exit_status() == 0);
  CHECK(test.log().back() == "told");
  CHECK_FALSE(runs(worker));
}

TEST_CASE("supervisor: a worker that does not stop is killed") {
  TestSupervisor test("trap '' TERM; echo $$ >>$log; while :; do sleep 0.05; done");
  const pid_t worker = test.logged_pid(0);
  test.signal(SIGINT);
  CHECK(test.exit_status() == 0);
  CHECK_FALSE(runs(worker));
}

TEST_CASE("supervisor: SIGHUP reaches the worker") {
  TestSupervisor test("trap 'echo told >>$log' HUP; echo $$ >>$log; while :; do sleep 0.05; done");
  const pid_t worker = test.logged_pid(0);
  test.signal(SIGHUP);
  CHECK(test.logged("told"));
  CHECK(runs(worker));
}

TEST_CASE("supervisor: SIGHUP starts a worker that waits for its turn") {
  TestSupervisor test("echo $3 >>$log; exit 1", {.first = 120s, .limit = 120s});
  CHECK(test.logged("0"));
  CHECK(status_of(http_get(test.port(), "/livez")) == "200");
  test.signal(SIGHUP);
  CHECK(test.logged("1"));
}

TEST_CASE("supervisor: the worker never outlives it") {
  TestSupervisor test("trap '' TERM HUP; echo $$ >>$log; while :; do sleep 0.05; done");
  const pid_t worker = test.logged_pid(0);
  test.signal(SIGKILL);
  CHECK(test.exit_status() == -1);
  CHECK(eventually([&] { return !runs(worker); }));
}

TEST_CASE("supervisor: the worker begins with the signals that it would have had alone") {
  TestSupervisor test("grep SigBlk /proc/self/status >>$log; exec sleep 60");
  CHECK(test.logged("SigBlk:\t0000000000000000"));
}

TEST_CASE("supervisor: what others leave behind is reaped") {
  TestSupervisor test("(sleep 0.1 & echo $! >>$log) ; exec sleep 60");
  const pid_t orphan = test.logged_pid(0);
  // A zombie still exists; only one that was waited for is gone.
  CHECK(eventually([&] { return !exists(orphan); }));
}
