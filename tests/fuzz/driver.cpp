// Runs a fuzz target where there is no libFuzzer: seeds, mutated, for some seconds. Input N of a seed is
// always the same one, so that what is found can be found again. Exits 1 when an input crashes or takes too
// long, and keeps it.

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "tests/fuzz/mutator.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size);

namespace {

using namespace pgvigil::fuzz;
using std::chrono::steady_clock;

constexpr char k_usage[] =
    "usage: NAME_fuzz [--seconds N] [--seed N] [--first N] [--limit N] [SEED FILE OR FOLDER...]\n"
    "       NAME_fuzz --input FILE\n\n"
    "Feeds the target with mutations of the seeds (a file that ends in .lines is one seed a line).\n\n"
    "  --seconds N   how long, 5 unless given\n"
    "  --seed N      of the random numbers, any unless given; it is printed\n"
    "  --first N     begin with the N-th input of that seed\n"
    "  --limit N     seconds of CPU that one input may take, 5 unless given\n"
    "  --input FILE  feed this one alone, as it is: what a failed run has kept\n";

struct Options {
  std::uint64_t seconds = 5;
  std::uint64_t seed = std::random_device{}();
  std::uint64_t first = 0;
  std::uint64_t limit = 5;
  std::string input;
  std::vector<std::filesystem::path> seeds;
};

// What a signal handler may read.
const std::string* g_input = nullptr;
volatile std::uint64_t g_number = 0;
char g_kept[64] = "";

void say(const char* text) {
  if (write(STDERR_FILENO, text, std::strlen(text)) < 0) _exit(2);
}

void say(std::uint64_t number) {
  char digits[24] = "";
  std::to_chars(digits, digits + sizeof digits - 1, number);
  say(digits);
}

/// Async-signal-safe: the heap may be what broke.
void keep_and_leave(int signal) {
  say(signal == SIGPROF ? "\ntakes too long: " : "\ncrashes: ");
  say("input ");
  say(g_number);
  if (g_kept[0] != '\0' && g_input != nullptr) {
    const int file = open(g_kept, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file >= 0 && write(file, g_input->data(), g_input->size()) >= 0) {
      say(", kept in ");
      say(g_kept);
    }
  }
  say("\n");
  _exit(1);
}

void watch_signals() {
  static char stack[64 * 1024];  // of its own: too deep a recursion leaves none
  stack_t other{};
  other.ss_sp = stack;
  other.ss_size = sizeof stack;
  sigaltstack(&other, nullptr);
  struct sigaction action {};
  action.sa_handler = keep_and_leave;
  action.sa_flags = SA_ONSTACK;
  for (int signal : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP, SIGPROF})
    sigaction(signal, &action, nullptr);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  const rlimit room{1ULL << 30, 1ULL << 30};  // who wants more than 1 GB for 64 kB is at fault
  setrlimit(RLIMIT_AS, &room);
#endif
}

void limit_cpu(std::uint64_t seconds) {
  itimerval timer{};
  timer.it_value.tv_sec = static_cast<time_t>(seconds);
  setitimer(ITIMER_PROF, &timer, nullptr);
}

void feed(const std::string& input, std::uint64_t limit) {
  g_input = &input;
  limit_cpu(limit);
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
  limit_cpu(0);
}

std::string content(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    std::fprintf(stderr, "cannot read %s\n", path.c_str());
    std::exit(2);
  }
  return {std::istreambuf_iterator<char>(file), {}};
}

void add_seeds(const std::filesystem::path& path, std::vector<std::string>& seeds) {
  if (std::filesystem::is_directory(path)) {
    std::vector<std::filesystem::path> entries;
    for (const auto& entry : std::filesystem::directory_iterator(path))
      entries.push_back(entry.path());
    std::ranges::sort(entries);  // a folder has no order of its own
    for (const auto& entry : entries)
      add_seeds(entry, seeds);
  } else if (path.extension() == ".lines") {
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);)
      seeds.push_back(line);
  } else {
    seeds.push_back(content(path));
  }
}

std::uint64_t number_of(const char* text) {
  std::uint64_t number = 0;
  const char* end = text + std::strlen(text);
  if (const auto [at, fault] = std::from_chars(text, end, number); fault != std::errc() || at != end) {
    std::fprintf(stderr, "not a number: %s\n", text);
    std::exit(2);
  }
  return number;
}

Options parse_arguments(int count, char** arguments) {
  Options options;
  for (int i = 1; i < count; ++i) {
    const std::string_view argument = arguments[i];
    if (argument == "--help" || argument == "-h") {
      std::fputs(k_usage, stdout);
      std::exit(0);
    }
    if (!argument.starts_with("--")) {
      options.seeds.emplace_back(argument);
      continue;
    }
    if (i + 1 == count) {
      std::fprintf(stderr, "%s what?\n%s", arguments[i], k_usage);
      std::exit(2);
    }
    const char* value = arguments[++i];
    if (argument == "--seconds")
      options.seconds = number_of(value);
    else if (argument == "--seed")
      options.seed = number_of(value);
    else if (argument == "--first")
      options.first = number_of(value);
    else if (argument == "--limit")
      options.limit = number_of(value);
    else if (argument == "--input")
      options.input = value;
    else {
      std::fprintf(stderr, "unknown option %s\n%s", arguments[i - 1], k_usage);
      std::exit(2);
    }
  }
  return options;
}

}  // namespace

int main(int count, char** arguments) {
  const Options options = parse_arguments(count, arguments);
  watch_signals();
  if (!options.input.empty()) {
    feed(content(options.input), options.limit);
    std::puts("nothing wrong");
    return 0;
  }
  std::vector<std::string> seeds{""};
  for (const auto& path : options.seeds)
    add_seeds(path, seeds);
  std::printf("seed %llu, of %zu seeds\n", static_cast<unsigned long long>(options.seed), seeds.size());
  std::fflush(stdout);
  std::snprintf(g_kept, sizeof g_kept, "fuzz-%d.input", getpid());
  const Mutator mutator(std::move(seeds), options.seed);
  const auto end = steady_clock::now() + std::chrono::seconds(options.seconds);
  std::uint64_t number = options.first;
  for (; steady_clock::now() < end; ++number) {
    g_number = number;
    feed(mutator.input(number), options.limit);
  }
  std::printf("%llu inputs, nothing wrong\n", static_cast<unsigned long long>(number - options.first));
}
