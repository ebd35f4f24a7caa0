#include "agent/runtime/self/self_metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <algorithm>
#include <iterator>
#include <mutex>
#include <optional>
#include <utility>

#include "agent/config/own_labels.h"
#include "agent/runtime/self/family_parts.h"
#include "agent/runtime/self/family_printer.h"
#include "agent/runtime/self/family_tables.h"
#include "agent/runtime/self/self_families.h"
#include "agent/runtime/supervisor/worker_up.h"

namespace pgvigil::agent {
namespace {

using prometheus::MetricFamily;

const prometheus::Histogram::BucketBoundaries k_scrape_buckets = {
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1};

void append(std::vector<MetricFamily>& families, std::vector<MetricFamily> more) {
  std::ranges::move(more, std::back_inserter(families));
}

std::vector<MetricFamily> families_of(const StatusBoard& board, const RenderSettings& settings) {
  const ServerStatus server = board.server();
  std::vector<MetricFamily> families = server_families(server, settings.up_interval);
  const auto collectors = board.collectors();
  append(families, collector_families(collectors));
  append(families, advice_families(server));
  if (server.kind == ServerKind::postgres && settings.generation != collectors::Generation::off)
    append(families, exporter_server_families(collectors));
  return families;
}

}  // namespace

struct SelfMetrics::Families {
  prometheus::Registry registry;
  prometheus::Family<prometheus::Counter>& requests =
      prometheus::BuildCounter()
          .Name("pgvigil_http_requests_total")
          .Help("HTTP requests answered, by handler and status code, since the start of the process.")
          .Register(registry);
  prometheus::Counter& request_seconds =
      prometheus::BuildCounter()
          .Name("pgvigil_http_request_seconds_total")
          .Help("Time spent on answering HTTP requests since the start of the process.")
          .Register(registry)
          .Add({});
  prometheus::Family<prometheus::Counter>& closed =
      prometheus::BuildCounter()
          .Name("pgvigil_http_connections_closed_total")
          .Help(
              "HTTP connections closed though the client would have kept them: surplus (all were taken), "
              "evicted (idle "
              "while another wanted in), late (a slow client).")
          .Register(registry);
  prometheus::Histogram& scrapes =
      prometheus::BuildHistogram()
          .Name("pgvigil_scrape_duration_seconds")
          .Help(
              "Time to answer a scrape of /metrics from the snapshot; no scrape asks the database anything.")
          .Register(registry)
          .Add({}, k_scrape_buckets);
  prometheus::Gauge& scrape_bytes =
      prometheus::BuildGauge()
          .Name("pgvigil_scrape_size_bytes")
          .Help("Size of the last answer to a scrape as it was sent, compressed or not.")
          .Register(registry)
          .Add({});
  /// Without a series until a configuration was taken.
  prometheus::Family<prometheus::Gauge>& servers =
      prometheus::BuildGauge()
          .Name("pgvigil_postgres_servers")
          .Help(
              "Postgres servers that the configuration (or the environment) names, whether or not they "
              "answer; 0 where only poolers, backups or what /probe asks for are watched.")
          .Register(registry);
  prometheus::Gauge& probed =
      prometheus::BuildGauge()
          .Name("pgvigil_probe_targets")
          .Help(
              "Servers that nobody configured and that are watched because /probe asks "
              "for them; at most [probe] max_targets.")
          .Register(registry)
          .Add({});
  prometheus::Family<prometheus::Counter>& refused_probes =
      prometheus::BuildCounter()
          .Name("pgvigil_probes_refused_total")
          .Help(
              "Probes refused since the start of the process: malformed, forbidden (not among the auth "
              "module's "
              "targets), limit (too many targets), busy (too many first probes at a time).")
          .Register(registry);
  prometheus::Family<prometheus::Counter>& reloads =
      prometheus::BuildCounter()
          .Name("pgvigil_config_reloads_total")
          .Help(
              "Configurations read since the start of the process, by result: taken, or refused for a "
              "mistake.")
          .Register(registry);
  prometheus::Gauge& reload_good = prometheus::BuildGauge()
                                       .Name("pgvigil_config_last_reload_successful")
                                       .Help(
                                           "Whether the configuration that was read last is in force (1), or "
                                           "was refused for a mistake (0).")
                                       .Register(registry)
                                       .Add({});
  prometheus::Gauge& reload_time =
      prometheus::BuildGauge()
          .Name("pgvigil_config_last_reload_success_timestamp_seconds")
          .Help("When a configuration was last taken, in seconds since the Unix epoch.")
          .Register(registry)
          .Add({});

  Families(std::string_view version, std::uint64_t restarts) {
    prometheus::BuildGauge()
        .Name("pgvigil_build_info")
        .Help("Always 1; the labels tell the version of pgvigil and of its compiler.")
        .Register(registry)
        .Add({{name_of(OwnLabel::version), std::string(version)},
              {name_of(OwnLabel::compiler), "gcc " __VERSION__}})
        .Set(1);
    prometheus::BuildGauge()
        .Name(std::string(k_worker_up))
        .Help(std::string(k_worker_up_help))
        .Register(registry)
        .Add({})
        .Set(1);
    prometheus::BuildCounter()
        .Name("pgvigil_worker_restarts_total")
        .Help("Workers that died and were replaced by the supervisor since the start of the container.")
        .Register(registry)
        .Add({})
        .Increment(static_cast<double>(restarts));
    for (const char* reason : {"malformed", "forbidden", "limit", "busy"})
      refused_probes.Add({{name_of(OwnLabel::reason), reason}});
    reloads.Add({{name_of(OwnLabel::result), "taken"}});
    reloads.Add({{name_of(OwnLabel::result), "refused"}});
  }

  /// The scrapes so far: how many, and the seconds of all of them.
  prometheus::ClientMetric::Histogram scrape_history() const { return scrapes.Collect().histogram; }
};

struct SelfMetrics::JudgeNote {
  std::mutex mutex;
  std::optional<JudgeFigures> figures;
  notify::NotifierFigures notifier;
};

std::vector<MetricFamily> SelfMetrics::collect_process(const RenderSettings& settings) {
  auto families = process_families();
  append(families, budget_families(budget_->use()));
  if (settings.generation != collectors::Generation::off) {
    const auto scrapes = families_->scrape_history();
    append(families, exporter_process_families(scrapes.sample_count, scrapes.sample_sum));
  }
  {
    const std::lock_guard lock(judge_->mutex);
    if (judge_->figures) append(families, judge_families(*judge_->figures));
    if (!judge_->notifier.receivers.empty()) append(families, notifier_families(judge_->notifier));
  }
  append(families, families_->registry.Collect());
  return families;
}

SelfMetrics::SelfMetrics(std::string_view version,
                         std::uint64_t restarts,
                         std::shared_ptr<const SeriesBudget> budget)
    : families_(std::make_unique<Families>(version, restarts)),
      judge_(std::make_unique<JudgeNote>()),
      budget_(std::move(budget)) {}

SelfMetrics::~SelfMetrics() = default;

void SelfMetrics::count_request(std::string_view route, int status, double seconds) {
  families_->requests
      .Add({{name_of(OwnLabel::handler), std::string(route)},
            {name_of(OwnLabel::code), std::to_string(status)}})
      .Increment();
  families_->request_seconds.Increment(seconds);
}

void SelfMetrics::count_scrape(double seconds, std::uint64_t bytes) {
  families_->scrapes.Observe(seconds);
  families_->scrape_bytes.Set(static_cast<double>(bytes));
}

void SelfMetrics::count_closed(std::string_view reason) {
  families_->closed.Add({{name_of(OwnLabel::reason), std::string(reason)}}).Increment();
}

void SelfMetrics::count_refused_probe(std::string_view reason) {
  families_->refused_probes.Add({{name_of(OwnLabel::reason), std::string(reason)}}).Increment();
}

void SelfMetrics::set_servers(std::size_t count) {
  families_->servers.Add({}).Set(static_cast<double>(count));
}

void SelfMetrics::set_probed(std::size_t count) {
  families_->probed.Set(static_cast<double>(count));
}

void SelfMetrics::count_reload(bool taken) {
  families_->reloads.Add({{name_of(OwnLabel::result), taken ? "taken" : "refused"}}).Increment();
  families_->reload_good.Set(taken ? 1 : 0);
  if (taken) families_->reload_time.Set(unix_seconds(std::chrono::system_clock::now()));
}

void SelfMetrics::set_judge(JudgeFigures figures) {
  const std::lock_guard lock(judge_->mutex);
  judge_->figures = std::move(figures);
}

void SelfMetrics::set_notifier(notify::NotifierFigures figures) {
  const std::lock_guard lock(judge_->mutex);
  judge_->notifier = std::move(figures);
}

std::string SelfMetrics::render_servers(std::span<const WatchedServer> servers,
                                        const RenderSettings& settings) {
  std::vector<OwnedFamilies> all;
  for (const auto& [labels, board] : servers)
    all.emplace_back(labels, families_of(board, settings));
  return print_families(all, settings.format);
}

std::string SelfMetrics::render_process(const RenderSettings& settings) {
  std::vector<OwnedFamilies> all;
  all.push_back({settings.constant_labels, collect_process(settings)});
  return print_families(all, settings.format);
}

std::vector<OwnFamily> SelfMetrics::families(std::span<const WatchedServer> servers,
                                             const RenderSettings& settings) {
  std::vector<MetricFamily> all = collect_process(settings);
  for (const WatchedServer& server : servers)
    append(all, families_of(server.board, settings));
  std::vector<OwnFamily> shown;
  for (MetricFamily& family : all)
    if (!family.metric.empty())
      shown.push_back({std::move(family.name), type_word(family.type), std::move(family.help)});
  return shown;
}

std::vector<Table> SelfMetrics::server_tables(const StatusBoard& board,
                                              const RenderSettings& settings,
                                              Timestamp now) {
  return tables_of(families_of(board, settings), now);
}

std::vector<Table> SelfMetrics::process_tables(const RenderSettings& settings, Timestamp now) {
  return tables_of(collect_process(settings), now);
}

}  // namespace pgvigil::agent
