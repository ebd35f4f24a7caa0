#pragma once

#include <cstdint>
#include <optional>

#include "rules/history/bits.h"

namespace pgvigil::rules {

/// What was learnt of a series from its values so far: from it the next is foretold. The encoder and the
/// decoder of the same values know the same.
///
/// Numbers of a database are mostly decimals of few digits (1500, 0.25). Such a value is a whole number of
/// 10^-scale that gives it back to the bit, and is told by how far it is from the one foretold, in Rice's
/// code (Rice and Plaunt, IEEE Trans. Commun. 19, 1971) whose parameter follows the distances: the noise of a
/// counter's rate costs its bits, and its height none. A sum of decimals, which is off by some roundings, is
/// told with these (see Decimal). Any other value is told by its XOR with the one before (Pelkonen et al.,
/// Gorilla, VLDB 2015, section 4.1.2). One that stays costs a bit.
class ValueCodec {
 public:
  void encode(BitWriter& writer, double value);
  /// Nothing when the bits are not what encode() writes.
  std::optional<double> decode(BitReader& reader);

 private:
  void learn(double value);
  void learn_distance(std::uint64_t code);
  void change_scale(unsigned scale);
  std::uint64_t foretold() const;
  unsigned rice_bits() const;

  void encode_number(BitWriter& writer, std::int64_t number);
  void encode_xor(BitWriter& writer, std::uint64_t changed);
  std::optional<double> decode_number(BitReader& reader);
  std::optional<double> decode_xor(BitReader& reader);

  double last_ = 0;
  std::int64_t trend_ = 0;           // of the steps between numbers, in 16ths: a moving average
  std::int16_t off_ = 0;             // of the last sum of decimals
  std::uint16_t distance_ = 8 * 16;  // bits that distances have, in 16ths: a moving average
  std::uint8_t scale_ = 0;
  std::uint8_t leading_ = k_no_window;  // zero bits before and after those that the last XOR wrote
  std::uint8_t trailing_ = 0;
  bool begun_ = false;

  static constexpr std::uint8_t k_no_window = 0xFF;
};

}  // namespace pgvigil::rules
