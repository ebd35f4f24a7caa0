// promql_conformance FILE…: runs scripts in Prometheus's promqltest format against the engine and prints what
// fails.
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>

#include "tests/promql/runner.h"

namespace {

using pgvigil::promql::conformance::Tally;

bool read_file(const char* path, std::string& text) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return false;
  text.assign(std::istreambuf_iterator<char>(file), {});
  return !file.bad();
}

void print(const Tally& tally) {
  std::printf("%zu passed, %zu failed, %zu unsupported\n", tally.passed, tally.failed, tally.unsupported);
}

/// Runs one script; false when it cannot be read.
bool run_file(const char* path, Tally& total) {
  using namespace pgvigil::promql::conformance;
  std::string text;
  if (!read_file(path, text)) {
    std::fprintf(stderr, "%s: cannot be read\n", path);
    return false;
  }
  auto commands = parse_script(text);
  if (!commands) {
    std::fprintf(stderr, "%s:%s\n", path, commands.error().c_str());
    return false;
  }
  Report report = run_script(*commands);
  for (const FailedCase& failed : report.failures) {
    std::printf("%s:%zu: %s\n  %s\n", path, failed.line, failed.expr.c_str(), failed.why.c_str());
  }
  std::printf("%s: ", path);
  print(report.tally);
  total += report.tally;
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: promql_conformance FILE...\n");
    return 2;
  }
  Tally total;
  bool all_read = true;
  for (int i = 1; i < argc; ++i)
    all_read = run_file(argv[i], total) && all_read;
  print(total);
  return all_read && total.failed == 0 ? 0 : 1;
}
