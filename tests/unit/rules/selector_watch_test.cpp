#include "rules/selector_watch.h"

#include <catch2/catch.hpp>

#include "rules/promql/memory_storage.h"
#include "rules/promql/series_description.h"
#include "rules/rule_file.h"

using namespace pgvigil;
using namespace pgvigil::rules;
using namespace std::chrono_literals;

namespace {

/// Looks every minute at what a test writes.
class Scene {
 public:
  explicit Scene(const std::string& expr) : watch_(rules_of(expr)) {}

  static std::vector<Rule> rules_of(const std::string& expr) {
    auto book = load_rules({{"f.toml", "[[rule]]\nalert = \"A\"\nexpr = '" + expr + "'\n"}}, {});
    REQUIRE(book);
    return std::move(book->rules);
  }

  void pass(std::chrono::minutes time, const std::string& series = "") {
    for (auto minute = 0min; minute < time; ++minute) {
      now_ += 1min;
      if (!series.empty()) {
        const auto description = promql::parse_series_description(series);
        const auto t_ms =
            std::chrono::duration_cast<std::chrono::milliseconds>(now_.time_since_epoch()).count();
        storage_.append(description->labels, std::vector<promql::Point>{{t_ms, 1}});
      }
      watch_.look(
          storage_, [this](std::string_view metric) { return metric != blind_to; }, now_);
    }
  }

  std::string empty() const {
    std::string text;
    for (const EmptySelector& one : watch_.empty_for(1h, now_))
      text += (text.empty() ? "" : " ") + one.selector;
    return text;
  }

  std::string blind_to;

 private:
  promql::MemoryStorage storage_;
  SelectorWatch watch_;
  Timestamp now_ = Timestamp(1'000'000s);
};

}  // namespace

TEST_CASE("a selector that finds nothing for an hour is told, once for all its places") {
  Scene scene(R"(lag{a="b"} > 1 and rate(lag{a="b"}[5m]) > 0 or up == 0)");
  scene.pass(60min, "up");
  CHECK(scene.empty() == "");
  scene.pass(1min, "up");
  CHECK(scene.empty() == R"(lag{a="b"})");
}

TEST_CASE("a selector that finds something again has to find nothing for another hour") {
  Scene scene("lag > 1");
  scene.pass(90min);
  CHECK(scene.empty() == "lag");
  scene.pass(1min, "lag");
  CHECK(scene.empty() == "");
  scene.pass(30min);
  CHECK(scene.empty() == "");
  scene.pass(40min);
  CHECK(scene.empty() == "lag");
}

TEST_CASE("what absent() looks for is not told") {
  Scene scene("absent(lag) or absent_over_time(lag[5m]) or sum(lag2) > 1");
  scene.pass(90min);
  CHECK(scene.empty() == "lag2");
}

TEST_CASE("a selector whose collector fails stays what it is") {
  Scene scene("lag > 1");
  scene.blind_to = "lag";
  scene.pass(90min);
  CHECK(scene.empty() == "");
}
