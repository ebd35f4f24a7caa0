#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "agent/http/api/api.h"
#include "agent/http/api/explain.h"
#include "agent/http/api/json_writer.h"
#include "agent/http/api/parameters.h"
#include "agent/http/api/series.h"
#include "rules/promql/memory_storage.h"
#include "rules/rule_file.h"

using namespace pgvigil;
using namespace pgvigil::agent;
using namespace std::chrono_literals;
using nlohmann::json;

namespace {

promql::LabelsPtr labels(std::vector<std::pair<std::string, std::string>> pairs) {
  return promql::Labels::make(std::move(pairs));
}

/// An agent at 1000.5 s: series "up" of two jobs every 10 s, rules, two targets.
class TestData final : public api::Data {
 public:
  TestData() {
    for (std::int64_t t_ms = 0; t_ms <= 1'000'000; t_ms += 10'000) {
      const auto value = static_cast<double>(t_ms) / 1'000;
      add("up", {{"job", "a"}}, {t_ms, 1});
      add("up", {{"job", "b"}, {"zone", "x"}}, {t_ms, 0});
      add("ticks_total", {{"job", "a"}}, {t_ms, value});
    }
    add("old", {{"job", "c"}}, {100'000, 1});
  }
  void add(const std::string& name,
           std::vector<std::pair<std::string, std::string>> pairs,
           promql::Point point) {
    pairs.emplace_back("__name__", name);
    storage_.append(labels(std::move(pairs)), std::span(&point, 1));
  }

  Timestamp now() const override { return Timestamp{1'000'500ms}; }
  api::QueryLimits limits() const override { return limits_; }
  const promql::Queryable& storage() const override { return storage_; }
  std::vector<api::RuleView> rules() const override { return rules_; }
  std::vector<api::TargetView> targets() const override { return targets_; }
  std::vector<api::MetricView> metrics() const override {
    return {
        {"pg_up", "gauge", "", "Up."}, {"x_total", "counter", "seconds", "X."}, {"y", "unknown", "", "Y."}};
  }
  Timestamp started() const override { return Timestamp{0s}; }
  rules::MetricCatalog catalog() const override {
    rules::MetricCatalog known({"instance", "job"});
    known.add("up", {MetricType::gauge, {}, "reachability", true});
    known.add("bloat", {MetricType::gauge, {}, "table_bloat", false});
    known.add("lag", {MetricType::gauge, {}, "replication", true});
    return known;
  }
  std::string collector_trouble(std::string_view collector) const override {
    return collector == "replication" ? "failed: permission denied" : "";
  }

  promql::MemoryStorage storage_;
  api::QueryLimits limits_;
  std::vector<api::RuleView> rules_;
  std::vector<api::TargetView> targets_;
};

struct Answered {
  int status = 0;
  json body;
};

std::string text_of(const Response& response) {
  std::string text;
  for (const auto& piece : response.body.pieces())
    text += *piece;
  return text;
}

class Api {
 public:
  explicit Api(const TestData& data) : router_(api::routes(data)) {}

  Answered ask(
      const std::string& path,
      std::vector<std::pair<std::string, std::string>> parameters = {},
      std::function<bool()> abandoned = [] { return false; }) const {
    const Response response = router_
                                  .answer({.path = "/api/v1/" + path,
                                           .parameters = std::move(parameters),
                                           .complete_at = Deadline::clock::now(),
                                           .abandoned = std::move(abandoned)})
                                  .response;
    return {response.status, json::parse(text_of(response))};
  }
  /// The data of a success.
  json data(const std::string& path, std::vector<std::pair<std::string, std::string>> parameters = {}) const {
    const Answered answered = ask(path, std::move(parameters));
    INFO(answered.body.dump());
    REQUIRE(answered.status == 200);
    REQUIRE(answered.body["status"] == "success");
    return answered.body["data"];
  }
  /// "400 bad_data: the message".
  std::string error(const std::string& path,
                    std::vector<std::pair<std::string, std::string>> parameters = {}) const {
    const Answered answered = ask(path, std::move(parameters));
    INFO(answered.body.dump());
    REQUIRE(answered.body["status"] == "error");
    return std::to_string(answered.status) + " " + answered.body["errorType"].get<std::string>() + ": " +
           answered.body["error"].get<std::string>();
  }

 private:
  Router router_;
};

std::string written(const std::function<void(api::JsonWriter&)>& write) {
  api::JsonWriter writer(1'000'000);
  write(writer);
  return text_of({.body = writer.take_body()});
}

}  // namespace

TEST_CASE("api: numbers and times are written as Prometheus writes them") {
  const auto sample = [](double value) {
    return written([&](api::JsonWriter& writer) { writer.sample({1'500, value}); });
  };
  CHECK(sample(1) == "[1.500,\"1\"]");
  CHECK(sample(0.1) == "[1.500,\"0.1\"]");
  CHECK(sample(-2.5e-7) == "[1.500,\"-2.5e-07\"]");
  CHECK(sample(1e-6) == "[1.500,\"0.000001\"]");
  CHECK(sample(1e20) == "[1.500,\"100000000000000000000\"]");
  CHECK(sample(1e21) == "[1.500,\"1e+21\"]");
  CHECK(sample(promql::k_nan) == "[1.500,\"NaN\"]");
  CHECK(sample(promql::k_infinity) == "[1.500,\"+Inf\"]");
  CHECK(sample(-promql::k_infinity) == "[1.500,\"-Inf\"]");
  const auto at = [](std::int64_t t_ms) {
    return written([&](api::JsonWriter& writer) { writer.sample({t_ms, 0}); });
  };
  CHECK(at(2'000) == "[2,\"0\"]");
  CHECK(at(-1'005) == "[-1.005,\"0\"]");
  CHECK(written([](api::JsonWriter& writer) { writer.scalar({0, 1e-7}); }) == "[0,\"0.0000001\"]");
}

TEST_CASE("api: whatever a text holds, it is JSON") {
  const std::string nasty("a\"\\\n\t\x01\xff\xe4\xbd\xa0\0z", 13);
  const std::string text = written([&](api::JsonWriter& writer) { writer.string(nasty); });
  CHECK(json::parse(text).get<std::string>() == std::string("a\"\\\n\t\x01\xef\xbf\xbd\xe4\xbd\xa0\0z", 15));
}

TEST_CASE("api: times are read as Prometheus reads them") {
  CHECK(api::parse_time("1.5") == 1'500);
  CHECK(api::parse_time("-1") == -1'000);
  CHECK(api::parse_time("1e3") == 1'000'000);
  CHECK(api::parse_time("1970-01-01T00:00:01Z") == 1'000);
  CHECK(api::parse_time("2026-11-27T13:35:54.73091461Z") == 1'795'786'554'730);
  CHECK(api::parse_time("2026-11-27T15:35:54.7+02:00") == 1'795'786'554'700);
  for (const char* text : {"", "x", "1s", "2026-11-27", "2026-13-27T13:35:54Z", "2026-11-27T13:35:54", "1e99",
                           "NaN", "2026-11-27T13:35:54.Z", "2026-11-27T-3:35:54Z"}) {
    INFO(text);
    CHECK_FALSE(api::parse_time(text));
  }
  CHECK(api::time_text(1'795'786'554'730) == "2026-11-27T13:35:54.730Z");
  CHECK(api::parse_duration("1m30s") == 90'000);
  CHECK(api::parse_duration("0.5") == 500);
  CHECK_FALSE(api::parse_duration("5 m"));
}

TEST_CASE("api: query answers with each type of value") {
  const TestData data;
  const Api api(data);
  CHECK(
      api.data("query", {{"query", "up{job='a'}"}}) ==
      json::parse(
          R"({"resultType":"vector","result":[{"metric":{"__name__":"up","job":"a"},"value":[1000.5,"1"]}]})"));
  CHECK(api.data("query", {{"query", "time()"}, {"time", "12.25"}}) ==
        json::parse(R"({"resultType":"scalar","result":[12.25,"12.25"]})"));
  CHECK(api.data("query", {{"query", "'a'"}, {"time", "1970-01-01T00:00:05Z"}}) ==
        json::parse(R"({"resultType":"string","result":[5,"a"]})"));
  CHECK(api.data("query", {{"query", "up{job='a'}[20s]"}, {"time", "30"}}) ==
        json::parse(R"({"resultType":"matrix","result":[{"metric":{"__name__":"up","job":"a"},
                        "values":[[20,"1"],[30,"1"]]}]})"));
  CHECK(api.data("query", {{"query", "nothing"}}) == json::parse(R"({"resultType":"vector","result":[]})"));
}

TEST_CASE("api: query_range answers with a matrix on the steps that were asked for") {
  const TestData data;
  const Api api(data);
  CHECK(api.data("query_range",
                 {{"query", "ticks_total"}, {"start", "100"}, {"end", "131"}, {"step", "15s"}}) ==
        json::parse(R"({"resultType":"matrix","result":[{"metric":{"__name__":"ticks_total","job":"a"},
                        "values":[[100,"100"],[115,"110"],[130,"130"]]}]})"));
  CHECK(
      api.data("query_range", {{"query", "1"}, {"start", "1"}, {"end", "1.5"}, {"step", "0.5"}})["result"] ==
      json::parse(R"([{"metric":{},"values":[[1,"1"],[1.5,"1"]]}])"));
  // 11,000 steps are 11,001 points.
  CHECK(api.data("query_range",
                 {{"query", "1"}, {"start", "0"}, {"end", "11000"}, {"step", "1"}})["result"][0]["values"]
            .size() == 11'001);
}

TEST_CASE("api: mistakes are told in Prometheus's words") {
  const TestData data;
  const Api api(data);
  CHECK(api.error("query") ==
        "400 bad_data: invalid parameter \"query\": 1:1: parse error: no expression found in input");
  CHECK(api.error("query", {{"query", "up"}, {"time", "x"}}) ==
        "400 bad_data: invalid parameter \"time\": Invalid time value for 'time': cannot parse \"x\" to a "
        "valid "
        "timestamp");
  CHECK(api.error("query", {{"query", "up"}, {"timeout", "x"}}) ==
        "400 bad_data: invalid parameter \"timeout\": cannot parse \"x\" to a valid duration");
  CHECK(api.error("query", {{"query", "up"}, {"limit", "-1"}}) ==
        "400 bad_data: invalid parameter \"limit\": limit must be non-negative");
  CHECK(api.error("query", {{"query", "up + on() group_left up"}})
            .starts_with("422 execution: found duplicate series"));
  const auto range = [&](const char* start, const char* end, const char* step, const char* query = "up") {
    return api.error("query_range", {{"query", query}, {"start", start}, {"end", end}, {"step", step}});
  };
  CHECK(range("", "1", "1") ==
        "400 bad_data: invalid parameter \"start\": cannot parse \"\" to a valid timestamp");
  CHECK(range("5", "1", "1") ==
        "400 bad_data: invalid parameter \"end\": end timestamp must not be before start time");
  CHECK(range("5", "6", "0") ==
        "400 bad_data: invalid parameter \"step\": zero or negative query resolution step widths are not "
        "accepted. Try "
        "a positive integer");
  CHECK(range("5", "6", "") ==
        "400 bad_data: invalid parameter \"step\": cannot parse \"\" to a valid duration");
  CHECK(range("5", "11006", "1") ==
        "400 bad_data: exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query "
        "resolution (?step=XX)");
  CHECK(range("5", "6", "1", "up[5m]").find("invalid expression type \"range vector\" for range query") !=
        std::string::npos);
  CHECK(api.error("series") == "400 bad_data: no match[] parameter provided");
  CHECK(api.error("labels", {{"match[]", "up["}})
            .starts_with("400 bad_data: invalid parameter \"match[]\": 1:"));
  CHECK(api.error("series", {{"match[]", "{}"}}).starts_with("400 bad_data: invalid parameter \"match[]\""));
  CHECK(api.error("rules", {{"type", "x"}}) ==
        "400 bad_data: invalid parameter \"type\": not supported value \"x\"");
  CHECK(api.error("metadata", {{"limit", "x"}}) == "400 bad_data: limit must be a number");
}

TEST_CASE("api: a query ends at its timeout, and when nobody waits for it") {
  TestData data;
  const Api api(data);
  CHECK(api.error("query", {{"query", "up"}, {"timeout", "0"}}) ==
        "503 timeout: query timed out in expression evaluation");
  data.limits_.timeout = 0ms;
  CHECK(api.error("query", {{"query", "up"}, {"timeout", "1h"}}) ==
        "503 timeout: query timed out in expression evaluation");
  data.limits_.timeout = 10s;
  const Answered answered = api.ask("query", {{"query", "up"}}, [] { return true; });
  CHECK(answered.status == 503);
  CHECK(answered.body["errorType"] == "canceled");
}

TEST_CASE("api: what a query may hold and answer is bounded") {
  TestData data;
  const Api api(data);
  data.limits_.max_samples = 100;
  CHECK(api.error("query_range", {{"query", "up"}, {"start", "0"}, {"end", "1000"}, {"step", "1"}}) ==
        "422 execution: query processing would load too many samples into memory in query execution");
  data.limits_ = {};
  data.limits_.max_response = 1'000;
  CHECK(api.error("query_range", {{"query", "up"}, {"start", "0"}, {"end", "1000"}, {"step", "1"}})
            .starts_with("422 execution: the answer is larger than 1000 bytes"));
}

TEST_CASE("api: a result beyond the limit is cut, with a warning") {
  const TestData data;
  const Api api(data);
  const Answered answered = api.ask("query", {{"query", "up"}, {"limit", "1"}});
  CHECK(answered.body["data"]["result"].size() == 1);
  CHECK(answered.body["warnings"] == json::parse(R"(["results truncated due to limit"])"));
  CHECK_FALSE(api.ask("query", {{"query", "up"}, {"limit", "2"}}).body.contains("warnings"));
  CHECK_FALSE(api.ask("query", {{"query", "up"}, {"limit", "0"}}).body.contains("warnings"));
  CHECK(api.data("series", {{"match[]", "up"}, {"limit", "1"}}).size() == 1);
  CHECK(api.data("labels", {{"limit", "1"}}) == json::parse(R"(["__name__"])"));
  CHECK(api.data("label/job/values", {{"limit", "2"}}) == json::parse(R"(["a","b"])"));
}

TEST_CASE("api: what a query's author should know comes beside the data") {
  const TestData data;
  const Api api(data);
  CHECK(api.ask("query", {{"query", "rate(up[1m])"}}).body["infos"][0].get<std::string>().find("(1:6)") !=
        std::string::npos);
  CHECK(api.ask("query", {{"query", "quantile(5, up)"}}).body["warnings"].size() == 1);
}

TEST_CASE("api: series and labels are found by selectors and time") {
  const TestData data;
  const Api api(data);
  CHECK(
      api.data("series", {{"match[]", "up{job='a'}"}, {"match[]", "{job=~'a|c'}"}}) ==
      json::parse(
          R"([{"__name__":"old","job":"c"},{"__name__":"ticks_total","job":"a"},{"__name__":"up","job":"a"}])"));
  CHECK(api.data("labels") == json::parse(R"(["__name__","job","zone"])"));
  CHECK(api.data("labels", {{"match[]", "up{job='a'}"}}) == json::parse(R"(["__name__","job"])"));
  CHECK(api.data("label/job/values") == json::parse(R"(["a","b","c"])"));
  CHECK(api.data("label/job/values", {{"start", "500"}}) == json::parse(R"(["a","b"])"));
  CHECK(api.data("label/job/values", {{"match[]", "ticks_total"}}) == json::parse(R"(["a"])"));
  CHECK(api.data("label/__name__/values") == json::parse(R"(["old","ticks_total","up"])"));
  CHECK(api.data("label/nothing/values") == json::array());
  CHECK(api.data("labels", {{"start", "9"}, {"end", "5"}}) == json::array());
}

TEST_CASE("api: names of labels arrive escaped, as Prometheus 3 escapes them") {
  CHECK(api::unescaped_name("job") == "job");
  CHECK(api::unescaped_name("U__a_2e_b") == "a.b");
  CHECK(api::unescaped_name("U__a__b") == "a_b");
  CHECK(api::unescaped_name("U___4f60_x") == "\xe4\xbd\xa0x");
  CHECK(api::unescaped_name("U__a_") == "U__a_");
  CHECK(api::unescaped_name("U__a_xyz_") == "U__a_xyz_");
  TestData data;
  data.add("odd", {{"a.b", "v"}}, {1'000'000, 1});
  const Api api(data);
  CHECK(api.data("label/U__a_2e_b/values") == json::parse(R"(["v"])"));
  CHECK(api.data("label/a.b/values") == json::parse(R"(["v"])"));
  CHECK(api.error("label/\xff/values").starts_with("400 bad_data: invalid label name: "));
}

namespace {

std::vector<api::RuleView> test_rules() {
  const std::string file = R"toml(
interval = "30s"

[[rule]]
alert = "Down"
expr = "up == $least"
for = "5m"
labels = { severity = "page" }
annotations = { summary = "{{ $labels.job }} is down" }
parameters = { least = 0 }

[[rule]]
record = "job:up"
expr = "sum by (job) (up)"
)toml";
  auto book = rules::load_rules({}, {{"mine.toml", file}});
  if (!book) throw std::runtime_error(to_string(book.error().front()));
  std::vector<api::RuleView> views;
  for (rules::Rule& rule : book->rules)
    views.push_back({.rule = std::make_shared<const rules::Rule>(std::move(rule))});
  return views;
}

}  // namespace

TEST_CASE("api: rules come in their groups, with their alerts") {
  TestData data;
  data.rules_ = test_rules();
  const Api api(data);
  rules::Alert alert{
      .labels = labels({{"alertname", "Down"}, {"job", "b"}, {"severity", "page"}}),
      .series = labels({{"job", "b"}}),
      .state = {.phase = rules::AlertPhase::firing, .value = 0, .active_since = Timestamp{600s}},
      .annotations = {{"summary", "b is down"}}};
  data.rules_[0].alerts = {alert};
  data.rules_[0].last_evaluation = Timestamp{1'000s};
  data.rules_[1].error = "it is broken";

  const json groups = api.data("rules")["groups"];
  REQUIRE(groups.size() == 1);
  CHECK(groups[0]["name"] == "mine");
  CHECK(groups[0]["file"] == "mine.toml");
  CHECK(groups[0]["interval"] == 30);
  const json& rule = groups[0]["rules"][0];
  CHECK(rule["state"] == "firing");
  CHECK(rule["query"] == "up == 0");
  CHECK(rule["duration"] == 300);
  CHECK(rule["health"] == "ok");
  CHECK(rule["lastEvaluation"] == "1970-01-01T00:16:40.000Z");
  CHECK(rule["annotations"]["summary"] == "{{ $labels.job }} is down");
  const json expected = json::parse(R"({"labels":{"alertname":"Down","job":"b","severity":"page"},
    "annotations":{"summary":"b is down"},"state":"firing","activeAt":"1970-01-01T00:10:00.000Z","value":"0e+00"})");
  CHECK(rule["alerts"] == json::array({expected}));
  CHECK(api.data("alerts")["alerts"] == json::array({expected}));
  CHECK(groups[0]["rules"][1]["type"] == "recording");
  CHECK(groups[0]["rules"][1]["health"] == "err");
  CHECK(groups[0]["rules"][1]["lastError"] == "it is broken");

  const auto names = [&](std::vector<std::pair<std::string, std::string>> parameters) {
    std::string all;
    const json found = api.data("rules", std::move(parameters));
    for (const json& group : found["groups"])
      for (const json& one : group["rules"])
        all += one["name"].get<std::string>() + " ";
    return all;
  };
  CHECK(names({{"type", "alert"}}) == "Down ");
  CHECK(names({{"type", "record"}}) == "job:up ");
  CHECK(names({{"rule_name[]", "job:up"}}) == "job:up ");
  CHECK(names({{"rule_group[]", "other"}}) == "");
  CHECK(names({{"file[]", "mine.toml"}}) == "Down job:up ");
  CHECK(names({{"match[]", "{severity='page'}"}}) == "Down ");
  CHECK(api.data("rules", {{"exclude_alerts", "true"}})["groups"][0]["rules"][0]["alerts"] == json::array());
}

TEST_CASE("api: an alert of which nothing is known says since when") {
  TestData data;
  data.rules_ = test_rules();
  data.rules_[0].alerts = {
      {.labels = labels({{"alertname", "Down"}}),
       .series = promql::Labels::none(),
       .state = {.phase = rules::AlertPhase::pending, .unknown_since = Timestamp{700s}}}};
  const json alerts = Api(data).data("alerts")["alerts"];
  CHECK(alerts[0]["state"] == "pending");
  CHECK(alerts[0]["unknownSince"] == "1970-01-01T00:11:40.000Z");
}

TEST_CASE("api: targets are what is watched") {
  TestData data;
  data.targets_ = {{.kind = "postgres",
                    .name = "orders",
                    .labels = {{"target", "orders"}},
                    .up = false,
                    .error = "it refuses",
                    .last_success = Timestamp{5s}},
                   {.kind = "host", .name = "", .up = {}}};
  const Api api(data);
  const json targets = api.data("targets")["activeTargets"];
  REQUIRE(targets.size() == 2);
  CHECK(targets[0]["health"] == "down");
  CHECK(targets[0]["lastError"] == "it refuses");
  CHECK(targets[0]["lastScrape"] == "1970-01-01T00:00:05.000Z");
  CHECK(targets[0]["labels"] == json::parse(R"({"target":"orders"})"));
  CHECK(targets[0]["scrapePool"] == "postgres");
  CHECK(targets[1]["health"] == "unknown");
  CHECK(api.data("targets", {{"state", "dropped"}})["activeTargets"] == json::array());
  CHECK(api.data("targets", {{"scrapePool", "host"}})["activeTargets"].size() == 1);
}

TEST_CASE("api: metadata, build and process are told") {
  const TestData data;
  const Api api(data);
  CHECK(api.data("metadata", {{"metric", "x_total"}}) ==
        json::parse(R"({"x_total":[{"type":"counter","help":"X.","unit":"seconds"}]})"));
  CHECK(api.data("metadata")["y"][0]["type"] == "unknown");
  CHECK(api.data("metadata", {{"limit", "2"}}).size() == 2);
  CHECK(api.data("metadata", {{"limit", "0"}}).empty());
  CHECK(api.data("status/buildinfo")["version"].get<std::string>().starts_with("3."));
  CHECK(api.data("status/runtimeinfo")["startTime"] == "1970-01-01T00:00:00.000Z");
}

TEST_CASE("api: format_query indents") {
  const TestData data;
  CHECK(Api(data).data("format_query", {{"query", "sum(up)by(job)"}}) == "sum by (job) (up)");
}

TEST_CASE("an expression is explained part by part") {
  TestData data;
  const Answered answered = Api(data).ask("rules/explain", {{"query", "up > 3 or bloat > 1"}});
  CHECK(answered.status == 200);
  const json& parts = answered.body["data"]["parts"];
  REQUIRE(parts.size() == 5);
  CHECK(parts[0]["level"] == 0);
  CHECK(parts[0]["type"] == "vector");
  CHECK(parts[1]["head"] == "… > 3");
  CHECK(parts[1]["text"] == "up > 3");
  CHECK(parts[1]["whyEmpty"] == "none of 2 values is > 3: the nearest is 1, of {__name__=\"up\", job=\"a\"}");
  CHECK(parts[2]["seriesCount"] == 2);
  CHECK(parts[2]["series"][0]["value"][1] == "1");
  CHECK_THAT(answered.body["data"]["verdict"].get<std::string>(),
             Catch::Contains("there is no series of 'bloat': the collector 'table_bloat' is off"));
}

TEST_CASE("an explanation names the collector that is in trouble") {
  TestData data;
  const Answered answered = Api(data).ask("rules/explain", {{"query", "lag > 1"}});
  CHECK_THAT(answered.body["data"]["verdict"].get<std::string>(),
             Catch::Contains("the collector 'replication' failed: permission denied"));
}

TEST_CASE("a rule is explained with its alerts, as text too") {
  TestData data;
  auto book =
      rules::load_rules({{"f.toml", "[[rule]]\nalert = \"Down\"\nexpr = \"up == 0\"\nfor = \"5m\""}}, {});
  REQUIRE(book);
  rules::Alert alert{labels({{"alertname", "Down"}, {"job", "b"}}), labels({{"job", "b"}}), {}};
  alert.state.phase = rules::AlertPhase::pending;
  alert.state.observed = 2min;
  data.rules_ = {{std::make_shared<const rules::Rule>(book->rules.front()), {alert}}};
  const Answered answered = Api(data).ask("rules/explain", {{"rule", "Down"}});
  CHECK(answered.body["data"]["rule"] == "Down");
  CHECK_THAT(answered.body["data"]["verdict"].get<std::string>(), Catch::Contains("needs 3m more"));
  const Response text = api::explain(
      data, {.parameters = {{"rule", "Down"}, {"format", "text"}}, .complete_at = Deadline::clock::now()});
  CHECK(text.content_type == "text/plain; charset=utf-8");
  CHECK_THAT(text_of(text), Catch::Contains("… == 0   -> 1 series") && Catch::Contains("needs 3m more"));
}

TEST_CASE("what cannot be explained is an error in the API's words") {
  TestData data;
  const Api api(data);
  CHECK(api.ask("rules/explain", {{"rule", "Nobody"}}).status == 404);
  CHECK(api.ask("rules/explain").status == 400);
  CHECK(api.ask("rules/explain", {{"query", "up >"}}).status == 400);
  CHECK(api.ask("rules/explain", {{"query", "up"}, {"rule", "x"}}).status == 400);
}
