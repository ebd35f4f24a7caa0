#include "agent/http/api/about.h"

#include <algorithm>
#include <charconv>

#include "agent/http/api/answer.h"
#include "agent/http/api/parameters.h"
#include "agent/version.h"
#include "rules/promql/duration.h"

namespace pgvigil::agent::api {
namespace {

void write_labels(JsonWriter& json, const std::map<std::string, std::string>& labels) {
  json.begin_object();
  for (const auto& [name, value] : labels)
    json.key(name).string(value);
  json.end_object();
}

std::string_view health_of(const TargetView& target) {
  if (!target.up) return "unknown";
  return *target.up ? "up" : "down";
}

void write_target(JsonWriter& json, const TargetView& target) {
  const std::string url = target.name.empty() ? "/metrics" : "/metrics?target=" + target.name;
  const std::string interval = promql::format_duration(target.interval.count());
  json.begin_object().key("discoveredLabels");
  write_labels(json, {{"__address__", target.name}, {"__metrics_path__", "/metrics"}, {"job", target.kind}});
  json.key("labels");
  write_labels(json, target.labels);
  json.key("scrapePool").string(target.kind).key("scrapeUrl").string(url).key("globalUrl").string(url);
  json.key("lastError").string(target.error);
  json.key("lastScrape")
      .string(target.last_success ? time_text(unix_milliseconds(*target.last_success))
                                  : "0001-01-01T00:00:00Z");
  json.key("lastScrapeDuration").number(target.last_seconds).key("health").string(health_of(target));
  json.key("scrapeInterval").string(interval).key("scrapeTimeout").string(interval).end_object();
}

/// Parameter `name` as a count; negative: no limit.
Parsed<std::int64_t> count_of(const Request& request, std::string_view name) {
  const std::string text = request.parameter(name).value_or("");
  if (text.empty()) return -1;
  std::int64_t count = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (fault == std::errc{} && end == text.data() + text.size()) return count;
  return std::unexpected(ApiError{ErrorType::bad_data, std::string(name) + " must be a number"});
}

}  // namespace

Response targets(const Data& data, const Request& request) {
  const std::string state = request.parameter("state").value_or("");
  const std::string pool = request.parameter("scrapePool").value_or("");
  const bool active = state.empty() || state == "any" || state == "active";
  const std::vector<TargetView> all = data.targets();
  return answer([&](JsonWriter& json) {
    json.begin_object().key("activeTargets").begin_array();
    for (const TargetView& target : all)
      if (active && (pool.empty() || pool == target.kind)) write_target(json, target);
    json.end_array().key("droppedTargets").begin_array().end_array().end_object();
  });
}

Response metadata(const Data& data, const Request& request) {
  const auto limit = count_of(request, "limit");
  if (!limit) return error_answer(limit.error());
  const auto limit_per_metric = count_of(request, "limit_per_metric");
  if (!limit_per_metric) return error_answer(limit_per_metric.error());
  const auto wanted = request.parameter("metric");
  const std::vector<MetricView> metrics = data.metrics();
  return answer([&](JsonWriter& json) {
    json.begin_object();
    std::int64_t left = *limit < 0 ? static_cast<std::int64_t>(metrics.size()) : *limit;
    for (const MetricView& metric : metrics) {
      if (wanted && !wanted->empty() && metric.name != *wanted) continue;
      if (left-- <= 0) break;
      json.key(metric.name).begin_array().begin_object();
      json.key("type").string(metric.type).key("help").string(metric.help);
      json.key("unit").string(metric.unit).end_object().end_array();
    }
    json.end_object();
  });
}

Response build_info() {
  return answer([](JsonWriter& json) {
    json.begin_object();
    // Grafana reads the version to know what the query language can do: this engine is that of Prometheus 3.
    json.key("version").string("3.0.0+pgvigil-" + std::string(k_version));
    json.key("revision").string(k_version).key("branch").string("pgvigil");
    json.key("buildUser")
        .string("pgvigil")
        .key("buildDate")
        .string("")
        .key("goVersion")
        .string("")
        .end_object();
  });
}

Response runtime_info(const Data& data) {
  return answer([&](JsonWriter& json) {
    json.begin_object().key("startTime").string(time_text(unix_milliseconds(data.started())));
    json.key("serverTime")
        .string(time_text(unix_milliseconds(data.now())))
        .key("reloadConfigSuccess")
        .boolean(true);
    json.key("storageRetention").string("").end_object();
  });
}

}  // namespace pgvigil::agent::api
