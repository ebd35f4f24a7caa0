#include "rules/history/value_codec.h"

#include <algorithm>
#include <bit>

#include "rules/history/decimal.h"

namespace pgvigil::rules {
namespace {

/// What a value is told by: so many ones are written, and a zero behind all but the last.
enum Kind : unsigned { k_same, k_number, k_near_number, k_xor, k_new_scale };

constexpr unsigned k_scale_bits = 4;
constexpr unsigned k_most_ones = 8;     // of Rice's code; what is farther off is told by its length
constexpr unsigned k_leading_bits = 5;  // at most 31 leading zeros are told
constexpr unsigned k_length_bits = 6;   // 64 is written as 0
constexpr unsigned k_most_leading = 31;

constexpr std::uint64_t k_most_off_code = 4 * k_most_off;
constexpr unsigned k_off_bits = 1;  // of Rice's code

constexpr int k_trend_memory = 3;     // a step counts for 1/8
constexpr int k_distance_memory = 2;  // a distance for 1/4
constexpr std::uint16_t k_first_distance = 8 * 16;

/// Small numbers for small distances on both sides of 0.
std::uint64_t zigzag(std::uint64_t distance) {
  const auto is_negative = distance >> 63;
  return distance << 1 ^ (~is_negative + 1);
}

std::uint64_t unzigzag(std::uint64_t code) {
  return code >> 1 ^ (~(code & 1) + 1);
}

std::uint64_t unsigned_of(std::int64_t number) {
  return static_cast<std::uint64_t>(number);
}

void write_kind(BitWriter& writer, Kind kind) {
  writer.write((1U << kind) - 1, kind);
  if (kind != k_new_scale) writer.write(0, 1);
}

void write_rice(BitWriter& writer, std::uint64_t code, unsigned low) {
  const std::uint64_t high = code >> low;
  if (high < k_most_ones) {
    writer.write((std::uint64_t{1} << (high + 1)) - 2, static_cast<unsigned>(high) + 1);
    return writer.write(code, low);
  }
  const auto length = static_cast<unsigned>(std::bit_width(code));
  writer.write((1U << k_most_ones) - 1, k_most_ones);
  writer.write(length % 64, k_length_bits);
  writer.write(code, length);
}

std::optional<std::uint64_t> read_rice(BitReader& reader, unsigned low) {
  const auto high = reader.read_ones(k_most_ones);
  if (!high) return std::nullopt;
  if (*high < k_most_ones) {
    const auto rest = reader.read(low);
    return rest ? std::optional(std::uint64_t{*high} << low | *rest) : std::nullopt;
  }
  const auto length = reader.read(k_length_bits);
  return length ? reader.read(*length == 0 ? 64 : static_cast<unsigned>(*length)) : std::nullopt;
}

}  // namespace

/// Both sides call it with every value, after it was told.
void ValueCodec::learn(double value) {
  const std::int64_t step = nearest_number(value, scale_) - nearest_number(last_, scale_);
  if (begun_) trend_ += (step * 16 - trend_) >> k_trend_memory;
  begun_ = true;
  last_ = value;
}

/// The same for the distance that a number had.
void ValueCodec::learn_distance(std::uint64_t code) {
  const int bits = static_cast<int>(std::bit_width(code)) * 16;
  distance_ = begun_ ? static_cast<std::uint16_t>(distance_ + ((bits - distance_) >> k_distance_memory))
                     : k_first_distance;
}

/// From now on numbers are told at another scale.
void ValueCodec::change_scale(unsigned scale) {
  scale_ = static_cast<std::uint8_t>(scale);
  trend_ = 0;
}

std::uint64_t ValueCodec::foretold() const {
  return unsigned_of(nearest_number(last_, scale_) + ((trend_ + 8) >> 4));
}

unsigned ValueCodec::rice_bits() const {
  const unsigned bits = distance_ / 16U;
  return bits > 1 ? bits - 1 : 0;
}

void ValueCodec::encode(BitWriter& writer, double value) {
  const auto decimal = same_bits(value, last_) ? std::nullopt : decimal_of(value, scale_);
  if (decimal && decimal->scale != scale_) {
    write_kind(writer, k_new_scale);
    writer.write(decimal->scale, k_scale_bits);
    change_scale(decimal->scale);
  }
  if (same_bits(value, last_)) {
    write_kind(writer, k_same);
  } else if (!decimal) {
    write_kind(writer, k_xor);
    encode_xor(writer, bits_of(value) ^ bits_of(last_));
  } else if (decimal->off == 0) {
    write_kind(writer, k_number);
    encode_number(writer, decimal->number);
  } else {
    write_kind(writer, k_near_number);
    encode_number(writer, decimal->number);
    write_rice(writer, zigzag(unsigned_of(decimal->off - off_)), k_off_bits);
    off_ = static_cast<std::int16_t>(decimal->off);
  }
  learn(value);
}

std::optional<double> ValueCodec::decode(BitReader& reader) {
  auto kind = reader.read_ones(k_new_scale);
  if (kind == k_new_scale) {
    const auto scale = reader.read(k_scale_bits);
    if (!scale) return std::nullopt;
    change_scale(static_cast<unsigned>(*scale));
    kind = reader.read_ones(k_new_scale);
  }
  if (!kind) return std::nullopt;
  std::optional<double> value;
  if (*kind == k_same) value = last_;
  if (*kind == k_number || *kind == k_near_number) value = decode_number(reader);
  if (*kind == k_xor) value = decode_xor(reader);
  if (value && *kind == k_near_number) {
    const auto code = read_rice(reader, k_off_bits);
    if (!code || *code > k_most_off_code) return std::nullopt;
    const std::int64_t off = off_ + static_cast<std::int64_t>(unzigzag(*code));
    if (off > k_most_off || off < -k_most_off) return std::nullopt;
    off_ = static_cast<std::int16_t>(off);
    value = std::bit_cast<double>(bits_of(*value) + unsigned_of(off));
  }
  if (value) learn(*value);
  return value;
}

void ValueCodec::encode_number(BitWriter& writer, std::int64_t number) {
  const std::uint64_t code = zigzag(unsigned_of(number) - foretold());
  write_rice(writer, code, rice_bits());
  learn_distance(code);
}

std::optional<double> ValueCodec::decode_number(BitReader& reader) {
  const auto code = read_rice(reader, rice_bits());
  if (!code) return std::nullopt;
  const auto number = static_cast<std::int64_t>(foretold() + unzigzag(*code));
  if (number > k_most_number || number < -k_most_number) return std::nullopt;
  learn_distance(*code);
  return value_of(number, scale_);
}

void ValueCodec::encode_xor(BitWriter& writer, std::uint64_t changed) {
  const auto leading = std::min(static_cast<unsigned>(std::countl_zero(changed)), k_most_leading);
  const auto trailing = static_cast<unsigned>(std::countr_zero(changed));
  const bool fits = leading_ != k_no_window && leading >= leading_ && trailing >= trailing_;
  // The old window is cheaper unless it is much wider than what has changed.
  const unsigned wide = fits ? 64U - leading_ - trailing_ : 0;
  const unsigned length = 64 - leading - trailing;
  if (fits && wide <= length + k_leading_bits + k_length_bits) {
    writer.write(0, 1);
    return writer.write(changed >> trailing_, wide);
  }
  leading_ = static_cast<std::uint8_t>(leading);
  trailing_ = static_cast<std::uint8_t>(trailing);
  writer.write(1, 1);
  writer.write(leading, k_leading_bits);
  writer.write(length % 64, k_length_bits);
  writer.write(changed >> trailing, length);
}

std::optional<double> ValueCodec::decode_xor(BitReader& reader) {
  const auto is_new = reader.read(1);
  if (!is_new) return std::nullopt;
  if (*is_new != 0) {
    const auto leading = reader.read(k_leading_bits);
    const auto length = reader.read(k_length_bits);
    if (!leading || !length) return std::nullopt;
    const std::uint64_t used = *leading + (*length == 0 ? 64 : *length);
    if (used > 64) return std::nullopt;
    leading_ = static_cast<std::uint8_t>(*leading);
    trailing_ = static_cast<std::uint8_t>(64 - used);
  }
  if (leading_ == k_no_window) return std::nullopt;
  const auto changed = reader.read(64U - leading_ - trailing_);
  if (!changed) return std::nullopt;
  return std::bit_cast<double>(bits_of(last_) ^ *changed << trailing_);
}

}  // namespace pgvigil::rules
