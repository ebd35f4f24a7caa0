#pragma once

#include <span>
#include <string_view>

namespace pgvigil::agent {

/// The tables of one subject (alerts, outbox, …), and how they came to be: each step is SQL that is executed
/// once in the life of a file, in order. A step that was shipped is never changed; another one is appended.
struct StoreRoom {
  std::string_view name;
  std::span<const std::string_view> steps;
};

}  // namespace pgvigil::agent
