#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "agent/runtime/exposition.h"
#include "agent/runtime/status.h"
#include "collectors/definition.h"

namespace pgvigil::agent {

/// The agent's own metrics: counted here as things happen, or read from the board when they are rendered.
/// Any thread may use it.
class SelfMetrics {
 public:
  /// `version` is the program's; `restarts` counts the workers that died before this one.
  SelfMetrics(std::string_view version, std::uint64_t restarts);
  ~SelfMetrics();

  void count_request(std::string_view route, int status, double seconds);
  void count_scrape(double seconds, std::uint64_t bytes);
  /// A connection that the server closed though the client would have kept it.
  void count_closed(std::string_view reason);
  /// A configuration was read: it is in force now, or it was refused and the old one stays.
  void count_reload(bool taken);

  /// Everything, in `format`. `up_interval` is the one of pg_up (see is_up). With a generation of
  /// postgres_exporter's names, those that it exports of itself are there as well.
  std::string render(const StatusBoard& board,
                     std::chrono::milliseconds up_interval,
                     collectors::Generation generation,
                     Format format,
                     std::string_view constant_labels);

 private:
  struct Families;
  std::unique_ptr<Families> families_;
};

}  // namespace pgvigil::agent
