#include "collectors/host/host_collector.h"

#include <algorithm>

#include "collectors/host/cgroup.h"

namespace pgvigil::host {
namespace {

/// The definition was validated: the word is one of them.
Source source_of(std::string_view word) {
  return static_cast<Source>(std::ranges::find(k_source_words, word) - k_source_words.begin());
}

}  // namespace

HostCollector::HostCollector(HostPaths paths) : paths_(std::move(paths)) {
  for (std::size_t i = 0; i < paths_.volumes.size(); ++i)
    volume_errands_.push_back(std::make_unique<Errand>());
}

HostCollector::~HostCollector() = default;

Outcome HostCollector::collect(const collectors::Plan& plan,
                               const collectors::CollectLimits& limits,
                               Deadline deadline,
                               const std::stop_token& stop) {
  const auto read_out = read(source_of(plan.query->sql), deadline, stop);
  if (const auto* unsupported = std::get_if<Unsupported>(&read_out)) return *unsupported;
  if (const auto* error = std::get_if<Error>(&read_out)) return *error;
  const auto rows = collectors::make_rows(plan, limits);
  if (const auto given = std::get<TextRows>(read_out).give(*rows); !given) return given.error();
  if (rows->fault()) return *rows->fault();
  return rows->finish(std::chrono::system_clock::now());
}

std::variant<TextRows, Unsupported, Error> HostCollector::read(Source source,
                                                               Deadline deadline,
                                                               const std::stop_token& stop) {
  if (source == Source::volumes) {
    if (paths_.volumes.empty())
      return Unsupported{"no volume is named",
                         "Mount it read-only beside pgvigil and name it: [host] data, wal."};
    return read_volumes(deadline, stop);
  }
  if (paths_.cgroup.empty()) return Unsupported{"no cgroup is named", "Name the folder: [host] cgroup."};
  using Read = std::expected<TextRows, Unsupported>;
  auto rows = cgroup_errand_.run<Read>(
      [source, folder = paths_.cgroup] { return read_cgroup(source, folder); }, deadline, stop);
  if (!rows && stop.stop_requested()) return Error{ErrorKind::interrupted, "pgvigil is stopping"};
  if (!rows)
    return Error{ErrorKind::timed_out, "the files of " + paths_.cgroup + " do not answer",
                 "A network volume that is gone does so: name a folder of a cgroup file system."};
  if (!*rows) return std::move(rows->error());
  return std::move(**rows);
}

TextRows HostCollector::read_volumes(Deadline deadline, const std::stop_token& stop) {
  using Read = std::expected<VolumeUse, Error>;
  TextRows rows;
  for (std::size_t i = 0; i < paths_.volumes.size(); ++i) {
    const Volume& volume = paths_.volumes[i];
    // Each has its share of the time that is left: one that hangs leaves some to the others.
    const auto now = Deadline::clock::now();
    const auto share = (deadline - now) / static_cast<int>(paths_.volumes.size() - i);
    const auto use =
        volume_errands_[i]->run<Read>([path = volume.path] { return measure(path); }, now + share, stop);
    add_row(volume, use && *use ? &**use : nullptr, rows);
  }
  return rows;
}

}  // namespace pgvigil::host
