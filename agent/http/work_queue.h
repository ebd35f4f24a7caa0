#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>

namespace pgvigil::agent {

/// Work that several threads take from one queue. What it holds is bounded by who fills it.
template <typename Work>
class WorkQueue {
 public:
  void add(Work work) {
    {
      const std::lock_guard lock(mutex_);
      queue_.push_back(std::move(work));
    }
    changed_.notify_one();
  }

  std::size_t size() const {
    const std::lock_guard lock(mutex_);
    return queue_.size();
  }

  /// Waits for work; nothing when the queue is closed.
  std::optional<Work> next() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return closed_ || !queue_.empty(); });
    if (closed_) return std::nullopt;
    Work work = std::move(queue_.front());
    queue_.pop_front();
    return work;
  }

  /// Drops what is queued, and lets every thread go that waits.
  void close() {
    std::deque<Work> dropped;
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
      dropped.swap(queue_);
    }
    changed_.notify_all();
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Work> queue_;
  bool closed_ = false;
};

}  // namespace pgvigil::agent
