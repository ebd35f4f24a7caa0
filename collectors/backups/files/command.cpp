#include "collectors/backups/files/command.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <optional>
#include <thread>
#include <utility>

extern char** environ;

namespace pgvigil::backups {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::size_t k_most_complaint = 4096;
/// How soon a stop is noticed.
constexpr milliseconds k_step{100};

/// A file descriptor that closes itself.
class Descriptor {
 public:
  explicit Descriptor(int number = -1) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Descriptor() { close(); }
  void close() {
    if (number_ >= 0) ::close(std::exchange(number_, -1));
  }
  int get() const { return number_; }

 private:
  int number_;
};

struct Pipe {
  Descriptor read_end;
  Descriptor write_end;
};

std::optional<Pipe> open_pipe() {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return std::nullopt;
  return Pipe{Descriptor(ends[0]), Descriptor(ends[1])};
}

/// A program that was started: killed with all its children when it is not waited for.
class Child {
 public:
  explicit Child(pid_t pid) : pid_(pid) {}
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    if (pid_ <= 0) return;
    kill(-pid_, SIGKILL);
    int status = 0;
    while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
  }
  /// The exit status, when it has ended. What it left behind in its group is killed.
  std::optional<int> ended() {
    int status = 0;
    const pid_t pid = waitpid(pid_, &status, WNOHANG);
    if (pid != pid_) return std::nullopt;
    kill(-pid_, SIGKILL);
    pid_ = 0;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  }

 private:
  pid_t pid_;
};

/// Our environment, but in the C locale: what programs say is read here, not by people.
std::vector<std::string> environment() {
  std::vector<std::string> variables = {"LC_ALL=C"};
  for (char** variable = environ; *variable != nullptr; ++variable)
    if (const std::string_view text = *variable;
        !text.starts_with("LC_ALL=") && !text.starts_with("LANGUAGE="))
      variables.emplace_back(text);
  return variables;
}

std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> result;
  for (std::string& word : words)
    result.push_back(word.data());
  result.push_back(nullptr);
  return result;
}

Error cannot_start(const std::string& program, int fault) {
  return {ErrorKind::unreachable, "cannot run " + program + ": " + std::strerror(fault),
          "Install it beside pgvigil, name its path ([[backup]] program), or let a sidecar write its JSON "
          "([[backup]] file)."};
}

std::expected<pid_t, Error> start(std::vector<std::string> words, const Pipe& out, const Pipe& err) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, out.write_end.get(), STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, err.write_end.get(), STDERR_FILENO);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  // The agent blocks the signals that it waits for; a program must not inherit that.
  sigset_t none;
  sigemptyset(&none);
  sigset_t presets;
  sigemptyset(&presets);
  for (const int signal : {SIGPIPE, SIGTERM, SIGINT, SIGHUP})
    sigaddset(&presets, signal);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &presets);
  posix_spawnattr_setflags(&attributes, static_cast<short>(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
                                                           POSIX_SPAWN_SETSIGDEF));
  std::vector<std::string> variables = environment();
  const std::vector<char*> arguments = pointers(words);
  const std::vector<char*> settings = pointers(variables);
  pid_t pid = 0;
  const int fault =
      posix_spawnp(&pid, arguments[0], &actions, &attributes, arguments.data(), settings.data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (fault != 0) return std::unexpected(cannot_start(words[0], fault));
  return pid;
}

/// Reads what is there. False at the end.
bool take(const Descriptor& from, std::string& into, std::size_t most) {
  std::array<char, 65536> block;
  const ssize_t got = read(from.get(), block.data(), block.size());
  if (got < 0) return errno == EINTR || errno == EAGAIN;
  if (into.size() < most)
    into.append(block.data(), std::min(static_cast<std::size_t>(got), most - into.size()));
  return got > 0;
}

}  // namespace

std::expected<Ran, Error> run_command(const std::vector<std::string>& words,
                                      Deadline deadline,
                                      std::size_t most_output,
                                      const std::stop_token& stop) {
  auto out = open_pipe();
  auto err = open_pipe();
  if (!out || !err) return std::unexpected(cannot_start(words[0], errno));
  const auto pid = start(words, *out, *err);
  if (!pid) return std::unexpected(pid.error());
  Child child(*pid);
  out->write_end.close();
  err->write_end.close();
  Ran ran;
  std::array<Descriptor*, 2> sources = {&out->read_end, &err->read_end};
  std::array<std::string*, 2> texts = {&ran.output, &ran.complaint};
  const std::array<std::size_t, 2> limits = {most_output + 1, k_most_complaint};
  const auto is_open = [](const Descriptor* source) { return source->get() >= 0; };
  while (true) {
    if (stop.stop_requested()) return std::unexpected(Error{ErrorKind::interrupted, "pgvigil is stopping"});
    if (steady_clock::now() >= deadline)
      return std::unexpected(Error{ErrorKind::timed_out, words[0] + " gave no answer in time",
                                   "Run it by hand: a slow object store or a dead mount shows there."});
    if (!std::ranges::any_of(sources, is_open)) {
      if (const auto status = child.ended()) {
        ran.exit_status = *status;
        return ran;
      }
      std::this_thread::sleep_for(milliseconds{5});
      continue;
    }
    std::array<pollfd, 2> polled{{{sources[0]->get(), POLLIN, 0}, {sources[1]->get(), POLLIN, 0}}};
    if (poll(polled.data(), polled.size(), static_cast<int>(k_step.count())) <= 0) continue;
    for (std::size_t i = 0; i < polled.size(); ++i)
      if (polled[i].revents != 0 && !take(*sources[i], *texts[i], limits[i])) sources[i]->close();
    if (ran.output.size() > most_output)
      return std::unexpected(
          Error{ErrorKind::limit, words[0] + " wrote more than " + std::to_string(most_output) + " bytes"});
  }
}

std::expected<std::string, Error> read_whole_file(const std::string& path, std::size_t most) {
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat told {};
  if (file.get() < 0 || fstat(file.get(), &told) != 0) {
    const auto kind = errno == EACCES ? ErrorKind::permission : ErrorKind::unreachable;
    return std::unexpected(Error{kind, "cannot read " + path + ": " + std::strerror(errno)});
  }
  if (!S_ISREG(told.st_mode)) return std::unexpected(Error{ErrorKind::unreachable, path + " is no file"});
  std::string text;
  while (take(file, text, most + 1) && text.size() <= most) {
  }
  if (text.size() > most)
    return std::unexpected(
        Error{ErrorKind::limit, path + " is longer than " + std::to_string(most) + " bytes"});
  return text;
}

}  // namespace pgvigil::backups
