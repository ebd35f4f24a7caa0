#include "agent/runtime/process.h"

#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace pgvigil::agent {
namespace {

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

/// Field `number` (from 1) of /proc/self/stat, see proc(5). The second field, the name, may hold spaces.
double stat_field(int number) {
  std::ifstream file("/proc/self/stat");
  std::string line;
  std::getline(file, line);
  std::istringstream rest(line.substr(std::min(line.size(), line.rfind(')') + 2)));
  std::string field;
  for (int i = 3; i <= number; ++i)
    rest >> field;
  return field.empty() ? 0 : std::stod(field);
}

std::uint64_t count_of(const char* folder) {
  std::error_code ignored;
  std::uint64_t count = 0;
  for (std::filesystem::directory_iterator at(folder, ignored), end; !ignored && at != end;
       at.increment(ignored))
    ++count;
  return count;
}

/// When the process began: the age of the machine at that moment, counted back from now.
double start_time() {
  struct sysinfo machine {};
  sysinfo(&machine);
  const double now =
      std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  const double started = stat_field(22) / static_cast<double>(sysconf(_SC_CLK_TCK));
  return now - static_cast<double>(machine.uptime) + started;
}

}  // namespace

ProcessUsage process_usage() {
  static const double started = start_time();
  ProcessUsage usage;
  rusage spent{};
  getrusage(RUSAGE_SELF, &spent);
  usage.cpu_seconds = seconds(spent.ru_utime) + seconds(spent.ru_stime);
  rlimit descriptors{};
  getrlimit(RLIMIT_NOFILE, &descriptors);
  usage.max_descriptors = descriptors.rlim_cur;
  std::ifstream memory("/proc/self/statm");
  std::uint64_t virtual_pages = 0;
  std::uint64_t resident_pages = 0;
  memory >> virtual_pages >> resident_pages;
  const auto page = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  usage.virtual_bytes = virtual_pages * page;
  usage.resident_bytes = resident_pages * page;
  usage.open_descriptors = count_of("/proc/self/fd");
  usage.threads = count_of("/proc/self/task");
  usage.start_seconds = started;
  return usage;
}

}  // namespace pgvigil::agent
