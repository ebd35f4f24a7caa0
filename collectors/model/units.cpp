#include "collectors/model/units.h"

#include <array>

namespace pgvigil {
namespace {

constexpr std::array k_units = {Unit::none,   Unit::seconds,      Unit::milliseconds, Unit::bytes,
                                Unit::blocks, Unit::transactions, Unit::ratio};

}  // namespace

std::string_view to_string(Unit unit) {
  switch (unit) {
    case Unit::none:
      return "";
    case Unit::seconds:
      return "seconds";
    case Unit::milliseconds:
      return "milliseconds";
    case Unit::bytes:
      return "bytes";
    case Unit::blocks:
      return "blocks";
    case Unit::transactions:
      return "transactions";
    case Unit::ratio:
      return "ratio";
  }
  return "";
}

std::optional<Unit> parse_unit(std::string_view word) {
  for (Unit unit : k_units)
    if (unit != Unit::none && to_string(unit) == word) return unit;
  return std::nullopt;
}

}  // namespace pgvigil
