#include <fmt/core.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <csignal>

#include "agent/commands/commands.h"
#include "agent/config/load.h"
#include "agent/log/log.h"
#include "agent/routes/routes.h"
#include "agent/runtime/agent.h"
#include "agent/runtime/file_watch.h"
#include "agent/runtime/supervisor/supervisor.h"

namespace pgvigil::agent {
namespace {

constexpr std::string_view k_usage = R"(Collects and serves until it is told to stop.

usage: pgvigil run [--config FILE] [--listen HOST:PORT] [--supervise]

  --config FILE       the configuration; without it the environment decides
                      (DATA_SOURCE_NAME, DATA_SOURCE_URI/USER/PASS, or libpq's PG*)
  --listen HOST:PORT  where to serve, instead of [http] listen (":9187")
  --supervise         a small parent process holds the socket and replaces a worker that dies:
                      for containers, whose end would take Postgres out of its Service

SIGHUP, a POST to /-/reload and a changed file read the configuration again; one with mistakes is
refused, and the one before stays in force. SIGTERM and SIGINT stop within a second.
)";

/// A ConfigMap is swapped in several steps: the last change must be this old before the files are read.
constexpr int k_settle_milliseconds = 300;

/// Blocks the signals of ours in every thread to come, and makes them readable from a descriptor.
int signal_descriptor() {
  sigset_t ours;
  sigemptyset(&ours);
  for (int signal : {SIGTERM, SIGINT, SIGHUP})
    sigaddset(&ours, signal);
  sigprocmask(SIG_BLOCK, &ours, nullptr);
  return signalfd(-1, &ours, SFD_CLOEXEC);
}

std::uint32_t next_signal(int descriptor) {
  signalfd_siginfo info{};
  return read(descriptor, &info, sizeof info) == sizeof info ? info.ssi_signo : 0;
}

/// Until SIGTERM or SIGINT: reloads when it is asked to, or when a file has changed.
void serve(Agent& agent, int signals) {
  FileWatch files;
  // A file may have changed since it was read and before its folder was watched: then it is read again.
  bool changed = files.watch(agent.watched_folders());
  for (;;) {
    std::array<pollfd, 2> sources{{{signals, POLLIN, 0}, {files.descriptor(), POLLIN, 0}}};
    const int ready = poll(sources.data(), sources.size(), changed ? k_settle_milliseconds : -1);
    if (ready == 0) {
      agent.reload_if_changed();
      changed = files.watch(agent.watched_folders());
    }
    if (sources[1].revents != 0) changed = files.drain() || changed;
    if (sources[0].revents == 0) continue;
    const auto signal = next_signal(signals);
    if (signal != SIGHUP)
      return log(LogLevel::info, "stopping", {{"signal", signal == SIGINT ? "SIGINT" : "SIGTERM"}});
    (void)agent.reload();
    changed = files.watch(agent.watched_folders()) || changed;
  }
}

int work(AgentOptions options) {
  const int signals = signal_descriptor();
  Agent agent(std::move(options));
  if (const auto started = agent.start(); !started) {
    fmt::print(stderr, "pgvigil run: {}\n{}\n", started.error().message, started.error().hint);
    return 1;
  }
  serve(agent, signals);
  agent.stop();
  return 0;
}

std::optional<std::uint64_t> number(const std::optional<std::string>& text) {
  if (!text) return std::nullopt;
  std::uint64_t value = 0;
  const auto [end, fault] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (fault != std::errc{} || end != text->data() + text->size()) return std::nullopt;
  return value;
}

/// The same command line for the worker, without what only the parent acts upon.
std::vector<std::string> worker_arguments(const AgentOptions& options) {
  std::vector<std::string> words = {"run"};
  if (options.config_file) words.insert(words.end(), {"--config", *options.config_file});
  return words;
}

int supervised(const AgentOptions& options) {
  const HttpConfig http = salvage_http(options.config_file);
  const Address address = options.listen.value_or(Address{http.host, http.port});
  return supervise(
      {.host = address.host, .port = address.port, .worker_arguments = worker_arguments(options)});
}

int run(Arguments arguments) {
  AgentOptions options{.routes = routes_of};
  options.config_file = arguments.option("--config");
  const auto listen = arguments.option("--listen");
  const bool is_supervised = arguments.flag("--supervise");
  // These two come from the supervisor.
  if (const auto descriptor = number(arguments.option("--listen-fd")))
    options.listen_descriptor = static_cast<int>(*descriptor);
  options.restarts = number(arguments.option("--restarts")).value_or(0);
  if (const auto complaint = arguments.complaint(); !complaint.empty()) return wrong_usage("run", complaint);
  if (listen) {
    const auto address = parse_address(*listen);
    if (!address) return wrong_usage("run", address.error().message);
    options.listen = *address;
  }
  // Whoever reads our log may go away; that is no reason to end.
  std::signal(SIGPIPE, SIG_IGN);
  return is_supervised ? supervised(options) : work(std::move(options));
}

}  // namespace

const Command k_run_command{"run", "collect and serve until told to stop", k_usage, run};

}  // namespace pgvigil::agent
