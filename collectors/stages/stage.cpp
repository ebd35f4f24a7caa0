#include "collectors/stages/stage.h"

#include <functional>

namespace pgvigil::collectors {

RowKey key_of(const Table& table, std::size_t row) {
  RowKey key = 0x9E3779B97F4A7C15u;
  for (std::size_t label = 0; label < table.schema().labels.size(); ++label) {
    key ^= std::hash<std::string_view>{}(table.label(row, label));
    key *= 0xFF51AFD7ED558CCDu;
    key ^= key >> 32;
  }
  return key;
}

}  // namespace pgvigil::collectors
