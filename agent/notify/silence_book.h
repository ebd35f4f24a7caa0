#pragma once

#include <expected>
#include <string>
#include <vector>

#include "agent/notify/shared.h"
#include "agent/store/store.h"

namespace pgvigil::agent::notify {

/// The silences, on the disk and where planning sees them. Any thread may call it.
class SilenceBook {
 public:
  SilenceBook(Store& store, Shared& shared) : store_(store), shared_(shared) {}

  std::vector<Silence> all() const;
  /// Adds or replaces it; a new id when it has none. The id, or what is wrong.
  std::expected<std::string, Error> set(Silence silence, Timestamp now);
  /// Ends it now. Error when there is none.
  std::expected<void, Error> expire(const std::string& id, Timestamp now);

 private:
  Store& store_;
  Shared& shared_;
};

}  // namespace pgvigil::agent::notify
