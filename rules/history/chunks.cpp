#include "rules/history/chunks.h"

#include <cstring>
#include <optional>

#include "rules/history/allocated.h"

namespace pgvigil::rules {
namespace {

/// No chunk has more: none of its values takes more than ten.
constexpr std::size_t k_most_bytes = k_most_values * std::size_t{10};

/// The values, or nothing when the bits are not what a codec writes.
std::optional<std::vector<double>> decode(const Chunk& chunk) {
  if (chunk.count == 0 || chunk.count > k_most_values) return std::nullopt;
  BitReader reader(chunk.bytes);
  ValueCodec codec;
  std::vector<double> values;
  values.reserve(chunk.count);
  while (values.size() < chunk.count) {
    const auto value = codec.decode(reader);
    if (!value) return std::nullopt;
    values.push_back(*value);
  }
  if (!reader.at_end()) return std::nullopt;
  return values;
}

}  // namespace

std::vector<double> Chunk::values() const {
  return decode(*this).value_or(std::vector<double>());
}

bool Chunk::is_whole() const {
  return bytes.size() <= k_most_bytes && decode(*this).has_value();
}

Chunks::Head Chunks::head_at(std::size_t at) const {
  Head head{};
  std::memcpy(&head, bytes_.bytes().data() + at, sizeof(head));
  return head;
}

void Chunks::set_head(std::size_t at, const Head& head) {
  bytes_.replace(at, {reinterpret_cast<const std::uint8_t*>(&head), sizeof(head)});
}

void Chunks::begin(Tick tick) {
  last_ = static_cast<std::uint32_t>(bytes_.bytes().size());
  const Head head{tick, 0, 0};
  bytes_.append({reinterpret_cast<const std::uint8_t*>(&head), sizeof(head)});
  codec_ = ValueCodec();
  is_open_ = true;
}

void Chunks::add(double value) {
  codec_.encode(bytes_, value);
  Head head = head_at(last_);
  head.byte_count = static_cast<std::uint16_t>(bytes_.bytes().size() - last_ - sizeof(Head));
  ++head.count;
  set_head(last_, head);
}

void Chunks::append(const Chunk& chunk) {
  begin(chunk.first_tick);
  set_head(last_, {chunk.first_tick, static_cast<std::uint16_t>(chunk.bytes.size()), chunk.count});
  bytes_.append(chunk.bytes);
  is_open_ = false;
}

void Chunks::drop_front() {
  const std::size_t dropped = after(0);
  if (last_ == 0)
    is_open_ = false;
  else
    last_ -= static_cast<std::uint32_t>(dropped);
  bytes_.drop_front(dropped);
}

std::size_t Chunks::count() const {
  std::size_t count = 0;
  for (std::size_t at = 0; at < bytes_.bytes().size(); at = after(at))
    ++count;
  return count;
}

Chunk Chunks::operator[](std::size_t i) const {
  std::size_t at = 0;
  for (; i > 0; --i)
    at = after(at);
  return chunk_at(at);
}

Chunk Chunks::chunk_at(std::size_t at) const {
  const Head head = head_at(at);
  return {head.first_tick, head.count, bytes_.bytes().subspan(at + sizeof(Head), head.byte_count)};
}

std::size_t Chunks::memory() const {
  return allocated(bytes_.capacity());
}

}  // namespace pgvigil::rules
