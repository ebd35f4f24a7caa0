#pragma once

#include <optional>
#include <string>

#include "collectors/model/units.h"

namespace pgvigil::host {

/// How much memory this process may take: the least of memory.max and memory.high of its cgroup and of those
/// above it (v2), or of memory.limit_in_bytes (v1). In a container without a namespace of cgroups the path of
/// the host is not there, and its own cgroup is what is mounted. Nothing where there is no limit, or it
/// cannot be seen. `root` goes before /proc and /sys: a folder of a test. Sources: cgroups(7), Linux,
/// Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/memory.rst.
std::optional<Bytes> own_memory_limit(const std::string& root = "");

}  // namespace pgvigil::host
