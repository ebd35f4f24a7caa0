#include "collectors/postgres/interrupt.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>

namespace pgvigil::postgres {

Interrupt::Interrupt() : descriptor_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

Interrupt::~Interrupt() {
  close(descriptor_);
}

void Interrupt::raise() {
  const std::uint64_t one = 1;
  // Can only fail when it is raised beyond counting, which is raised.
  [[maybe_unused]] const auto written = write(descriptor_, &one, sizeof one);
}

bool Interrupt::raised() const {
  pollfd self{descriptor_, POLLIN, 0};
  return poll(&self, 1, 0) > 0;
}

}  // namespace pgvigil::postgres
