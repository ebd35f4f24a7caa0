#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "agent/watching/exposition/exposition.h"
#include "agent/watching/exposition/fragment.h"
#include "agent/watching/exposition/series_budget.h"
#include "collectors/model/table.h"

namespace pgvigil::agent {

/// What one collector gave last: its table, and the exposition of it, rendered once a format. Any thread may
/// use it.
class Published {
 public:
  Published(std::string collector, Table table, std::string constant_labels, Deadline expires);
  const std::string& collector() const { return collector_; }
  const Table& table() const { return table_; }
  const std::string& constant_labels() const { return constant_labels_; }
  Deadline expires() const { return expires_; }
  /// The exposition; rendered at the first call for a format.
  std::shared_ptr<const Fragment> fragment(Format format) const;

 private:
  struct Rendering {
    std::once_flag once;
    std::shared_ptr<const Fragment> fragment;
  };
  std::string collector_;
  Table table_;
  std::string constant_labels_;
  Deadline expires_;
  mutable std::array<Rendering, 2> renderings_;  // by Format
};

using PublishedList = std::vector<std::shared_ptr<const Published>>;

/// The tables that are served now, one a collector. Writers swap a pointer, readers copy a list of pointers:
/// nobody waits for a query. Any thread may use it.
class Snapshot {
 public:
  /// Its tables have a share in `budget`, when there is one.
  explicit Snapshot(std::shared_ptr<SeriesBudget> budget = nullptr) : budget_(std::move(budget)) {}
  ~Snapshot();
  Snapshot(const Snapshot&) = delete;
  Snapshot& operator=(const Snapshot&) = delete;

  /// The labels that every series carries from now on (see constant_labels()). Tables that carry others go.
  void configure(std::string constant_labels);

  /// Replaces the collector's table. It is rendered here, on the collector's thread, in every format that
  /// somebody asked for in the last five minutes. After `expires` it is served no more. Of a table that
  /// exceeds the budget the first rows stay.
  std::shared_ptr<const Published> publish(const std::string& collector, Table table, Deadline expires);
  void withdraw(const std::string& collector);
  /// What is served of the collector now; nothing when there is none.
  std::shared_ptr<const Published> find(const std::string& collector);

  /// What has not expired by `now`, in the order of the collectors' names.
  PublishedList view(std::chrono::steady_clock::time_point now);
  /// The same for a scrape in `format`: remembers that the format is in use.
  PublishedList view_for_scrape(Format format, std::chrono::steady_clock::time_point now);

 private:
  struct Share {
    std::size_t series = 0;
    bool publishing = false;  ///< of a table that is not in tables_ yet
  };
  bool in_use(Format format, std::chrono::steady_clock::time_point now) const;
  Table within_budget(const std::string& collector, Table table);
  void give_back(const std::string& collector);

  const std::shared_ptr<SeriesBudget> budget_;
  std::string constant_labels_;
  std::mutex mutex_;
  PublishedList tables_;                                                             // by collector
  std::map<std::string, Share> shares_;                                              // by collector
  std::array<std::atomic<std::chrono::steady_clock::time_point>, 2> last_scrape_{};  // by Format
};

}  // namespace pgvigil::agent
