#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "collectors/model/table.h"
#include "collectors/model/units.h"

namespace pgvigil::rules::advice {

/// What a piece of advice is about. Parts that do not apply are empty: a parameter of the server is only
/// `name`.
struct Object {
  std::string datname;
  std::string schemaname;
  std::string relname;  ///< the table
  std::string
      name;  ///< of the index, constraint, sequence or parameter, or a queryid; empty: the table itself

  auto operator<=>(const Object&) const = default;
};

/// "public.orders_note_idx on orders in shop", "max_wal_size".
std::string to_string(const Object& object);

/// What it is worth: a number in base units for machines to rank by, within its kind, and words for people.
struct Impact {
  double value = 0;
  Unit unit = Unit::none;
  std::string words;
};

/// How sure the advisor is: `low` is something to look at, `high` was measured or stands in the catalog.
enum class Confidence : std::uint8_t { low, medium, high };

/// "low", "medium", "high".
std::string_view to_string(Confidence confidence);

/// SQL, one statement a line or a comment. `needs_thought`: not to be run unread; it is printed commented
/// out.
struct Sql {
  std::string text;
  bool needs_thought = false;
};

/// One finding, with what it stands on and the way out.
struct Advice {
  std::string id;    ///< of kind and object: the same at every run and on every server
  std::string kind;  ///< of the advisor: "unused_index"
  Object object;
  std::string why;  ///< a sentence or two, with the numbers
  Table evidence;   ///< the rows of the collected tables that it stands on
  Impact impact;
  Sql fix;
  std::string undo;  ///< SQL, or a comment that says why there is none
  Confidence confidence = Confidence::medium;
  std::vector<std::string> doubts;  ///< what the numbers cannot tell: a sentence each
  /// For how long it must have been found before it is told; zero: one look is proof enough.
  std::chrono::seconds unproven_for{0};
  std::optional<Timestamp> first_seen;  ///< filled in by who remembers
};

/// A hash of kind and object (FNV-1a, 64 bits, in hexadecimal).
std::string advice_id(std::string_view kind, const Object& object);

/// What one advisor makes of a look at a server.
struct Opinion {
  std::string kind;
  std::optional<std::string>
      blind;                     ///< why it could not look: then it has found nothing, and nothing has gone
  std::vector<Advice> advice;    ///< the greatest impact first
  std::set<std::string> unseen;  ///< databases that it could not look into: there nothing has gone
  std::vector<std::string> unsure;  ///< what it cannot tell, a sentence each
};

}  // namespace pgvigil::rules::advice
