#include "agent/notify/silence_book.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "agent/notify/clock.h"
#include "agent/notify/outbox.h"
#include "agent/notify/random.h"

namespace pgvigil::agent::notify {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::hours k_retention = 24h * 5;

}  // namespace

std::vector<Silence> SilenceBook::all() const {
  const std::lock_guard lock(shared_.mutex);
  return shared_.world.silences;
}

std::expected<std::string, Error> SilenceBook::set(Silence silence, Timestamp now) {
  if (const std::string complaint = complaint_about(silence); !complaint.empty())
    return std::unexpected(Error{ErrorKind::configuration, complaint});
  if (silence.id.empty()) silence.id = new_id();
  silence.updated_at = whole(now);
  silence.starts_at = whole(silence.starts_at);
  silence.ends_at = whole(silence.ends_at);
  std::vector<std::string> old;
  for (const Silence& each : all())
    if (now - each.ends_at > k_retention) old.push_back(each.id);
  auto transaction = store_.begin();
  if (!transaction) return std::unexpected(transaction.error());
  save_silence(*transaction, silence);
  for (const std::string& id : old)
    forget_silence(*transaction, id);
  if (auto stored = transaction->commit(); !stored) return std::unexpected(stored.error());
  const std::string id = silence.id;
  const std::lock_guard lock(shared_.mutex);
  std::erase_if(shared_.world.silences, [&](const Silence& each) {
    return each.id == id || std::ranges::find(old, each.id) != old.end();
  });
  shared_.world.silences.push_back(std::move(silence));
  shared_.tell_news();
  return id;
}

std::expected<void, Error> SilenceBook::expire(const std::string& id, Timestamp now) {
  std::optional<Silence> found;
  for (Silence& silence : all())
    if (silence.id == id) found = std::move(silence);
  if (!found) return std::unexpected(Error{ErrorKind::undefined, "there is no silence '" + id + "'"});
  if (state_of(*found, now) == SilenceState::expired) return {};
  found->ends_at = now;
  found->starts_at = std::min(found->starts_at, now - 1ms);
  auto stored = set(std::move(*found), now);
  if (!stored) return std::unexpected(stored.error());
  return {};
}

}  // namespace pgvigil::agent::notify
