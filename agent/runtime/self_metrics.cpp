#include "agent/runtime/self_metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "agent/runtime/own_labels.h"
#include "agent/runtime/self_families.h"
#include "agent/runtime/worker_up.h"

namespace pgvigil::agent {
namespace {

using prometheus::MetricFamily;
using prometheus::MetricType;

const prometheus::Histogram::BucketBoundaries k_scrape_buckets = {
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1};

template <typename Value>
struct Labelled {
  std::string_view constant_labels;
  Value value;
};

/// Prints what prometheus-cpp collected. Its own serializer escapes no HELP and rounds to 16 digits.
class FamilyPrinter {
 public:
  FamilyPrinter(Format format, std::string_view constant_labels)
      : format_(format), constant_labels_(constant_labels) {}

  void print(const MetricFamily& family) {
    if (family.metric.empty()) return;
    print_head(family);
    print_metrics(family, constant_labels_);
  }

  /// The families of several servers: each once, with the metrics of all of them.
  void print_merged(const std::vector<Labelled<std::vector<MetricFamily>>>& servers) {
    std::vector<std::pair<std::string_view, std::vector<Labelled<const MetricFamily*>>>> merged;
    for (const auto& [labels, families] : servers)
      for (const MetricFamily& family : families) {
        auto place = std::ranges::find(merged, family.name, [](const auto& entry) { return entry.first; });
        if (place == merged.end()) place = merged.insert(place, {family.name, {}});
        if (!family.metric.empty()) place->second.push_back({labels, &family});
      }
    for (const auto& [name, parts] : merged) {
      if (parts.empty()) continue;
      print_head(*parts.front().value);
      for (const auto& [labels, family] : parts)
        print_metrics(*family, labels);
    }
  }

  std::string take() && { return std::move(text_); }

 private:
  using ClientMetric = prometheus::ClientMetric;

  static std::string_view word(MetricType type) {
    switch (type) {
      case MetricType::Counter:
        return "counter";
      case MetricType::Histogram:
        return "histogram";
      case MetricType::Gauge:
      case MetricType::Summary:
      case MetricType::Untyped:
        return "gauge";
    }
    return "gauge";
  }

  void print_head(const MetricFamily& family) {
    append_family_head(text_, format_, family.name, word(family.type), family.help);
  }

  void print_metrics(const MetricFamily& family, std::string_view constant_labels) {
    for (const auto& metric : family.metric)
      print_metric(family, metric, constant_labels);
  }

  void print_metric(const MetricFamily& family,
                    const ClientMetric& metric,
                    std::string_view constant_labels) {
    const auto sample = [&](std::string_view name, const std::vector<ClientMetric::Label>& labels,
                            double value) { append_sample(name, constant_labels, labels, value); };
    if (family.type == MetricType::Counter) return sample(family.name, metric.label, metric.counter.value);
    if (family.type == MetricType::Gauge) return sample(family.name, metric.label, metric.gauge.value);
    auto labels = metric.label;
    labels.push_back({"le", ""});
    for (const auto& bucket : metric.histogram.bucket) {
      labels.back().value.clear();
      append_number(labels.back().value, bucket.upper_bound);
      sample(family.name + "_bucket", labels, static_cast<double>(bucket.cumulative_count));
    }
    sample(family.name + "_sum", metric.label, metric.histogram.sample_sum);
    sample(family.name + "_count", metric.label, static_cast<double>(metric.histogram.sample_count));
  }

  void append_sample(std::string_view name,
                     std::string_view constant_labels,
                     const std::vector<ClientMetric::Label>& labels,
                     double value) {
    text_ += name;
    char before = '{';
    if (!constant_labels.empty()) {
      text_ += before;
      text_ += constant_labels;
      before = ',';
    }
    for (const auto& label : labels) {
      text_ += before;
      text_ += label.name;
      text_ += "=\"";
      append_escaped(text_, label.value);
      text_ += '"';
      before = ',';
    }
    if (before == ',') text_ += '}';
    text_ += ' ';
    append_number(text_, value);
    text_ += '\n';
  }

  Format format_;
  std::string_view constant_labels_;
  std::string text_;
};

double unix_seconds(Timestamp at) {
  return std::chrono::duration<double>(at.time_since_epoch()).count();
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
          .Help("HTTP connections closed though the client would have kept them: surplus (all were taken), evicted (idle "
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

SelfMetrics::SelfMetrics(std::string_view version,
                         std::uint64_t restarts,
                         std::shared_ptr<const SeriesBudget> budget)
    : families_(std::make_unique<Families>(version, restarts)), budget_(std::move(budget)) {}

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

void SelfMetrics::set_probed(std::size_t count) {
  families_->probed.Set(static_cast<double>(count));
}

void SelfMetrics::count_reload(bool taken) {
  families_->reloads.Add({{name_of(OwnLabel::result), taken ? "taken" : "refused"}}).Increment();
  families_->reload_good.Set(taken ? 1 : 0);
  if (taken) families_->reload_time.Set(unix_seconds(std::chrono::system_clock::now()));
}

std::string SelfMetrics::render_servers(std::span<const WatchedServer> servers,
                                        const RenderSettings& settings) {
  std::vector<Labelled<std::vector<MetricFamily>>> all;
  for (const auto& [labels, board] : servers) {
    auto& families = all.emplace_back(labels, server_families(board.server(), settings.up_interval)).value;
    const auto add = [&](std::vector<MetricFamily> more) {
      std::ranges::move(more, std::back_inserter(families));
    };
    const auto collectors = board.collectors();
    add(collector_families(collectors));
    const bool is_postgres = board.server().kind == ServerKind::postgres;
    if (is_postgres && settings.generation != collectors::Generation::off)
      add(exporter_server_families(collectors));
  }
  FamilyPrinter printer(settings.format, {});
  printer.print_merged(all);
  return std::move(printer).take();
}

std::string SelfMetrics::render_process(const RenderSettings& settings) {
  FamilyPrinter printer(settings.format, settings.constant_labels);
  for (const MetricFamily& family : process_families())
    printer.print(family);
  for (const MetricFamily& family : budget_families(budget_->use()))
    printer.print(family);
  if (settings.generation != collectors::Generation::off) {
    const auto scrapes = families_->scrape_history();
    for (const MetricFamily& family : exporter_process_families(scrapes.sample_count, scrapes.sample_sum))
      printer.print(family);
  }
  for (const MetricFamily& family : families_->registry.Collect())
    printer.print(family);
  return std::move(printer).take();
}

}  // namespace pgvigil::agent
