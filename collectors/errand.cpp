#include "collectors/errand.h"

#include <thread>

namespace pgvigil::collectors {

Errand::Errand() : shared_(std::make_shared<Shared>()) {
  // Never joined: whether a thread that hangs ever ends is up to the kernel.
  std::thread([shared = shared_] { work(shared); }).detach();
}

Errand::~Errand() {
  const std::lock_guard lock(shared_->mutex);
  shared_->leaving = true;
  shared_->changed.notify_all();
}

void Errand::work(const std::shared_ptr<Shared>& shared) {
  std::unique_lock lock(shared->mutex);
  for (;;) {
    shared->changed.wait(lock, [&] { return shared->leaving || shared->task; });
    if (shared->leaving) return;
    const auto task = std::exchange(shared->task, {});
    lock.unlock();
    task();
    lock.lock();
    shared->busy = false;
    shared->changed.notify_all();
  }
}

bool Errand::wait(std::function<void()> task, Deadline deadline, const std::stop_token& stop) {
  std::unique_lock lock(shared_->mutex);
  if (shared_->busy) return false;
  shared_->task = std::move(task);
  shared_->busy = true;
  shared_->changed.notify_all();
  return shared_->changed.wait_until(lock, stop, deadline, [&] { return !shared_->busy; });
}

}  // namespace pgvigil::collectors
