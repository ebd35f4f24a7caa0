#include "agent/notify/random.h"

#include <random>

namespace pgvigil::agent::notify {
namespace {

std::mt19937_64& engine() {
  static thread_local std::mt19937_64 engine{std::random_device{}()};
  return engine;
}

}  // namespace

double random_share() {
  return std::uniform_real_distribution<double>(0, 1)(engine());
}

std::string new_id() {
  std::string id = "xxxxxxxx-xxxx-4xxx-yxxx-xxxxxxxxxxxx";
  for (char& c : id) {
    if (c == 'x') c = "0123456789abcdef"[engine()() & 15U];
    if (c == 'y') c = "89ab"[engine()() & 3U];
  }
  return id;
}

}  // namespace pgvigil::agent::notify
