#pragma once

#include <cstdint>
#include <string_view>

namespace pgvigil::agent {

/// Why a connection was closed that the client would have kept.
enum class CloseReason : std::uint8_t {
  surplus,  ///< every connection was taken and none of them was waiting
  evicted,  ///< it waited without a request while another client wanted in
  late,     ///< its request was not there in time, or the response was not taken in time
};

/// As a metric label spells it: "surplus", "evicted", "late".
std::string_view to_string(CloseReason reason);

}  // namespace pgvigil::agent
