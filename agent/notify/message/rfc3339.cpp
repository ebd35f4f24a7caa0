#include "agent/notify/message/rfc3339.h"

#include <chrono>

#include "collectors/model/instant.h"

namespace pgvigil::agent::notify {
namespace {

using namespace std::chrono;

/// Takes digits and marks from the front of a text.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  bool mark(char wanted) { return front() == wanted && (text_.remove_prefix(1), true); }
  std::optional<int> digits(std::size_t count) {
    if (text_.size() < count) return std::nullopt;
    int number = 0;
    for (const char c : text_.substr(0, count)) {
      if (c < '0' || c > '9') return std::nullopt;
      number = number * 10 + (c - '0');
    }
    text_.remove_prefix(count);
    return number;
  }
  /// What follows a point, in milliseconds.
  std::optional<milliseconds> fraction() {
    int value = 0;
    int scale = 100;
    std::size_t read = 0;
    for (; front() >= '0' && front() <= '9'; text_.remove_prefix(1), ++read, scale /= 10)
      value += scale * (front() - '0');
    if (read == 0) return std::nullopt;
    return milliseconds(value);
  }
  std::optional<minutes> offset() {
    if (mark('Z') || mark('z')) return minutes(0);
    const bool west = front() == '-';
    if (!mark('+') && !mark('-')) return std::nullopt;
    const auto hour = digits(2);
    if (!hour || !mark(':')) return std::nullopt;
    const auto minute = digits(2);
    if (!minute || *hour > 23 || *minute > 59) return std::nullopt;
    return (west ? -1 : 1) * (hours(*hour) + minutes(*minute));
  }
  bool at_end() const { return text_.empty(); }

 private:
  char front() const { return text_.empty() ? '\0' : text_.front(); }
  std::string_view text_;
};

}  // namespace

std::optional<Timestamp> parse_rfc3339(std::string_view text) {
  Reader reader(text);
  const auto year_ = reader.digits(4);
  if (!year_ || !reader.mark('-')) return std::nullopt;
  const auto month_ = reader.digits(2);
  if (!month_ || !reader.mark('-')) return std::nullopt;
  const auto day_ = reader.digits(2);
  if (!day_ || !(reader.mark('T') || reader.mark('t') || reader.mark(' '))) return std::nullopt;
  const auto hour = reader.digits(2);
  if (!hour || !reader.mark(':')) return std::nullopt;
  const auto minute = reader.digits(2);
  if (!minute || !reader.mark(':')) return std::nullopt;
  const auto second = reader.digits(2);
  if (!second) return std::nullopt;
  const auto part = reader.mark('.') ? reader.fraction() : milliseconds(0);
  const auto offset = reader.offset();
  const year_month_day date{year(*year_), month(static_cast<unsigned>(*month_)),
                            day(static_cast<unsigned>(*day_))};
  if (!part || !offset || !reader.at_end() || !date.ok() || *hour > 23 || *minute > 59 || *second > 60)
    return std::nullopt;
  return nearest_timestamp(sys_days(date) + hours(*hour) + minutes(*minute) + seconds(*second) + *part -
                           *offset);
}

}  // namespace pgvigil::agent::notify
