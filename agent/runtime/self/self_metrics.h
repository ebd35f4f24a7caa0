#pragma once

#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/judge/figures.h"
#include "agent/notify/planning/figures.h"
#include "agent/watching/exposition/exposition.h"
#include "agent/watching/exposition/series_budget.h"
#include "agent/watching/status.h"
#include "collectors/definition.h"
#include "collectors/model/table.h"

namespace prometheus {
struct MetricFamily;
}

namespace pgvigil::agent {

/// A server, the labels that its series carry, and how it fares.
struct WatchedServer {
  std::string_view constant_labels;
  const StatusBoard& board;
};

/// How the agent's own metrics are to be printed.
struct RenderSettings {
  Format format = Format::text;
  std::string_view constant_labels;               ///< of the metrics about the process
  std::chrono::milliseconds up_interval{15'000};  ///< the one of pg_up (see is_up)
  /// With one of postgres_exporter's names, those that it exports of itself are there as well.
  collectors::Generation generation = collectors::Generation::v0_20;
};

/// What a family of the agent's own metrics means.
struct OwnFamily {
  std::string name;
  std::string_view type;  ///< the exposition's word: "counter", "gauge", "histogram"
  std::string help;
};

/// The agent's own metrics: counted here as things happen, or read from the board when they are rendered.
/// Any thread may use it.
class SelfMetrics {
 public:
  /// `version` is the program's; `restarts` counts the workers that died before this one;
  /// `budget` is the one of all servers.
  SelfMetrics(std::string_view version, std::uint64_t restarts, std::shared_ptr<const SeriesBudget> budget);
  ~SelfMetrics();

  void count_request(std::string_view route, int status, double seconds);
  void count_scrape(double seconds, std::uint64_t bytes);
  /// A connection that the server closed though the client would have kept it.
  void count_closed(std::string_view reason);
  /// A probe that was refused, and why.
  void count_refused_probe(std::string_view reason);
  /// How many Postgres servers the configuration in force names.
  void set_servers(std::size_t count);
  /// How many targets are watched because somebody probes them.
  void set_probed(std::size_t count);
  /// A configuration was read: it is in force now, or it was refused and the old one stays.
  void count_reload(bool taken);

  /// How the judge fares; what was told last is shown.
  void set_judge(JudgeFigures figures);
  /// The same of the notifier.
  void set_notifier(notify::NotifierFigures figures);

  /// The metrics about servers and their collectors: each family once.
  static std::string render_servers(std::span<const WatchedServer> servers, const RenderSettings& settings);
  /// The metrics about the process.
  std::string render_process(const RenderSettings& settings);
  /// All families that these two show; one of several servers is there several times.
  std::vector<OwnFamily> families(std::span<const WatchedServer> servers, const RenderSettings& settings);
  /// The same of one server, as tables.
  static std::vector<Table> server_tables(const StatusBoard& board,
                                          const RenderSettings& settings,
                                          Timestamp now);
  std::vector<Table> process_tables(const RenderSettings& settings, Timestamp now);

 private:
  struct Families;
  struct JudgeNote;
  std::vector<prometheus::MetricFamily> collect_process(const RenderSettings& settings);

  std::unique_ptr<Families> families_;
  std::unique_ptr<JudgeNote> judge_;
  std::shared_ptr<const SeriesBudget> budget_;
};

}  // namespace pgvigil::agent
