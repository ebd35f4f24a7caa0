#include <catch2/catch.hpp>

#include "agent/config/history_bound.h"
#include "collectors/host/memory_limit.h"
#include "tests/unit/file_tree.h"

using namespace pgvigil;
using host::own_memory_limit;

namespace {

/// /proc and /sys of a test.
class Root : public FileTree {
 public:
  std::optional<Bytes> limit() const { return own_memory_limit(path()); }
};

constexpr std::uint64_t k_mebi = 1024 * 1024;

}  // namespace

TEST_CASE("the memory limit is the least of the cgroup and of those above it", "[host]") {
  Root root;
  CHECK_FALSE(root.limit());
  root.put("proc/self/cgroup", "0::/system.slice/pgvigil.service\n");
  CHECK_FALSE(root.limit());
  root.put("sys/fs/cgroup/system.slice/pgvigil.service/memory.max", "max\n");
  root.put("sys/fs/cgroup/system.slice/pgvigil.service/memory.high", "max\n");
  CHECK_FALSE(root.limit());
  root.put("sys/fs/cgroup/system.slice/memory.max", "134217728\n");
  CHECK(root.limit() == Bytes{128 * k_mebi});
  root.put("sys/fs/cgroup/system.slice/pgvigil.service/memory.max", "67108864\n");
  CHECK(root.limit() == Bytes{64 * k_mebi});
  root.put("sys/fs/cgroup/system.slice/pgvigil.service/memory.high", "50000000\n");
  CHECK(root.limit() == Bytes{50'000'000});
}

TEST_CASE("a container sees its own cgroup at the mount, whatever its path is called", "[host]") {
  Root root;
  root.put("sys/fs/cgroup/memory.max", "67108864\n");
  for (const char* path : {"/", "/kubepods.slice/pod1/abc", "/../../abc"}) {
    root.put("proc/self/cgroup", "0::" + std::string(path) + "\n");
    CHECK(root.limit() == Bytes{64 * k_mebi});
  }
}

TEST_CASE("the memory limit of cgroup v1 is read where its controller is mounted", "[host]") {
  Root root;
  root.put("proc/self/cgroup", "9:name=systemd:/\n4:cpu,memory:/libpod/abc\n2:pids:/libpod/other\n0::/\n");
  root.put("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  CHECK_FALSE(root.limit());
  root.put("sys/fs/cgroup/memory/libpod/abc/memory.limit_in_bytes", "67108864\n");
  root.put("sys/fs/cgroup/memory/libpod/other/memory.limit_in_bytes", "1024\n");
  CHECK(root.limit() == Bytes{64 * k_mebi});
}

TEST_CASE("the past takes an eighth of the memory limit where that is less than usual", "[config]") {
  using namespace agent;
  const auto most = [](const HistoryConfig& config, std::optional<Bytes> limit) {
    return history_bound(config, limit).most;
  };
  CHECK(most({}, std::nullopt) == Bytes{16'000'000});
  CHECK(most({}, Bytes{1024 * k_mebi}) == Bytes{16'000'000});
  CHECK(most({}, Bytes{64 * k_mebi}) == Bytes{8 * k_mebi});
  CHECK(history_bound({}, Bytes{64 * k_mebi}).of_limit == Bytes{64 * k_mebi});
  CHECK_FALSE(history_bound({}, Bytes{1024 * k_mebi}).of_limit);
  CHECK(most({}, Bytes{1000}) == Bytes{64'000});

  HistoryConfig set;
  set.max_bytes = Bytes{16'000'000};
  CHECK(most(set, Bytes{64 * k_mebi}) == Bytes{16'000'000});
  CHECK_FALSE(history_bound(set, Bytes{64 * k_mebi}).of_limit);
}
