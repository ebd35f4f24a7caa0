#include "rules/advice/standing.h"

#include <catch2/catch.hpp>

#include "agent/runtime/store_rooms.h"
#include "agent/store/ledger.h"

using namespace pgvigil;
using namespace pgvigil::agent;
using namespace pgvigil::rules::advice;
using namespace std::chrono_literals;

namespace {

const Timestamp k_start{1'800'000'000s};

Standing found(const std::optional<Standing>& before,
               std::chrono::seconds after,
               std::chrono::seconds unproven_for = 0s) {
  return after_found(before, k_start + after, unproven_for, {});
}

}  // namespace

TEST_CASE("a finding is told when looks in a row have found it", "[advice]") {
  const Standing once = found({}, 0s);
  CHECK_FALSE(once.open);
  const Standing twice = found(once, 1h);
  CHECK(twice.open);
  CHECK(twice.first_seen == k_start);
  CHECK(twice.last_seen == k_start + 1h);
}

TEST_CASE("what takes time to prove is told after that time, and not before", "[advice]") {
  std::optional<Standing> standing;
  for (int hour = 0; hour < 24 * 30; ++hour) {
    standing = found(standing, std::chrono::hours{hour}, std::chrono::days{30});
    REQUIRE_FALSE(standing->open);
  }
  CHECK(found(standing, std::chrono::days{30}, std::chrono::days{30}).open);
}

TEST_CASE("what was not told yet is over with the first look that misses it", "[advice]") {
  CHECK_FALSE(after_missed(found({}, 0s), {}));
}

TEST_CASE("what is told is over when looks in a row have missed it", "[advice]") {
  std::optional<Standing> standing = found(found({}, 0s), 1h);
  standing = after_missed(*standing, {});
  REQUIRE(standing);
  standing = after_missed(*standing, {});
  REQUIRE(standing);
  CHECK(standing->open);
  SECTION("a finding between them begins the count anew") {
    standing = after_missed(found(standing, 4h), {});
    REQUIRE(standing);
    CHECK(standing->missed == 1);
  }
  CHECK_FALSE(after_missed(after_missed(*standing, {}).value_or(*standing), {.disappear_after = 1}));
}

TEST_CASE("the ledger gives back what was entered", "[advice]") {
  const auto store = Store::open("", store_rooms());
  const LedgerKey key{"orders", "0123456789abcdef"};
  const LedgerEntry entry{"unused_index", "shop", found(found({}, 0s), 1h)};
  {
    auto transaction = store->begin();
    REQUIRE(transaction);
    save_entry(*transaction, key, entry);
    save_entry(*transaction, {"orders", "gone"}, entry);
    remove_entry(*transaction, {"orders", "gone"});
    REQUIRE(transaction->commit());
  }
  const auto ledger = load_ledger(*store);
  REQUIRE(ledger);
  REQUIRE(ledger->size() == 1);
  CHECK(ledger->at(key).standing == entry.standing);
  CHECK(ledger->at(key).kind == "unused_index");
  CHECK(ledger->at(key).datname == "shop");
}

TEST_CASE("a dismissal is kept until its time, and the last one counts", "[advice]") {
  const auto store = Store::open("", store_rooms());
  const LedgerKey key{"", "0123456789abcdef"};
  REQUIRE(save_dismissal(*store, key, {"first", k_start + 1h}, k_start));
  REQUIRE(save_dismissal(*store, key, {"the yearly report", k_start + 2h}, k_start));
  const auto dismissals = load_dismissals(*store, k_start + 1h);
  REQUIRE(dismissals);
  REQUIRE(dismissals->size() == 1);
  CHECK(dismissals->at(key).reason == "the yearly report");
  CHECK(load_dismissals(*store, k_start + 2h)->empty());
}
