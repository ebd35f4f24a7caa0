#pragma once

#include <array>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "agent/watching/exposition/snapshot.h"

namespace pgvigil::agent {

/// The exposition of one collector over several servers. Rendered when a scrape asks for it, and kept until
/// one of the servers publishes: ten scrapers cost what one does. Any thread may use it.
class MergedTables {
 public:
  /// What the same collector gave on several servers, each family once. `tables` has at least one.
  std::shared_ptr<const Fragment> fragment(Format format, const PublishedList& tables);
  /// Lets go of all that was rendered.
  void clear();

 private:
  struct Rendering {
    std::mutex mutex;
    std::vector<std::weak_ptr<const Published>> tables;  // weak: what is replaced shall be freed
    std::shared_ptr<const Fragment> fragment;
  };
  std::shared_ptr<Rendering> rendering_of(Format format, const std::string& collector);

  std::mutex mutex_;
  std::array<std::map<std::string, std::shared_ptr<Rendering>>, 2> renderings_;  // by Format and collector
};

}  // namespace pgvigil::agent
