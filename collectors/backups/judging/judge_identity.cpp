#include <charconv>

#include "collectors/backups/judging/case.h"

namespace pgvigil::backups {
namespace {

constexpr std::uint64_t k_numbers_a_major = 10'000;

/// 15 of "15" and "15.3", 9 of "9.6"; 0: not told.
std::uint64_t major_of(const std::string& version) {
  std::uint64_t major = 0;
  std::from_chars(version.data(), version.data() + version.size(), major);
  return major;
}

/// The upper half of a system identifier is the time at which the cluster was made, in seconds (BootStrapXLOG
/// in xlog.c).
Timestamp birth_of(const LiveServer& server) {
  return Timestamp{std::chrono::seconds{server.system_identifier >> 32}};
}

}  // namespace

/// pg_upgrade makes a new cluster, with an identifier of its own: what was backed up before is another one.
/// Its files and WAL lead to nothing that was written since; a dump can still be restored into the new
/// version.
void judge_identity(Case& each) {
  const LiveServer* server = each.evidence.server;
  if (server == nullptr || each.basis == nullptr) return;
  const Backup& basis = *each.basis;
  const std::uint64_t was = major_of(basis.postgres_version);
  const std::uint64_t is = server->version / k_numbers_a_major;
  const bool other_version = was != 0 && is != 0 && was != is;
  const bool other_cluster = basis.system_identifier && *basis.system_identifier != server->system_identifier;
  const std::string versions =
      "of PostgreSQL " + std::to_string(was) + ", and " + std::to_string(is) + " runs";
  const bool is_before_upgrade = other_cluster && was < is && basis.stop && *basis.stop <= birth_of(*server);
  if (other_version && basis.kind == Kind::dump && (!other_cluster || is_before_upgrade))
    each.find({Reason::other_version, basis.label + " is " + versions});
  else if (other_cluster)
    each.decide({Reason::other_cluster,
                 "the newest backup is of cluster " + std::to_string(*basis.system_identifier) +
                     (other_version ? " of PostgreSQL " + std::to_string(was) : "") + ", and cluster " +
                     std::to_string(server->system_identifier) +
                     (other_version ? " of PostgreSQL " + std::to_string(is) : "") + " runs"});
  else if (other_version)
    each.decide({Reason::other_version, "the newest backup is " + versions});
}

}  // namespace pgvigil::backups
