#include "rules/promql/series_description.h"

#include <charconv>
#include <optional>
#include <utility>

#include "rules/promql/number.h"
#include "rules/promql/text.h"
#include "rules/promql/value.h"

namespace pgvigil::promql {
namespace {

constexpr std::uint64_t k_most_repetitions = 10'000'000;

bool is_space(char c) {
  return c == ' ' || c == '\t';
}

/// Reads the text from left to right; every step says by its result whether it found what it looked for.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  std::expected<SeriesDescription, std::string> read() {
    skip_spaces();
    std::vector<std::pair<std::string, std::string>> labels;
    std::string_view name = take_while([](char c) { return !is_space(c) && c != '{'; });
    if (!name.empty()) {
      if (!is_plain_metric_name(name)) return failed("a metric name");
      labels.emplace_back(k_metric_name, name);
    }
    if (peek() == '{' && peek(1) != '{' && !read_labels(labels)) return failed("labels");
    SeriesDescription series{Labels::make(std::move(labels)), {}};
    for (skip_spaces(); !at_end(); skip_spaces()) {
      if (!read_item(series.values)) return failed("a value");
    }
    return series;
  }

 private:
  bool at_end() const { return position_ >= text_.size(); }
  char peek(std::size_t ahead = 0) const {
    return position_ + ahead < text_.size() ? text_[position_ + ahead] : '\0';
  }
  bool accept(char c) {
    if (peek() != c) return false;
    ++position_;
    return true;
  }
  void skip_spaces() {
    while (is_space(peek()))
      ++position_;
  }
  template <typename Condition>
  std::string_view take_while(Condition condition) {
    std::size_t begin = position_;
    while (!at_end() && condition(text_[position_]))
      ++position_;
    return text_.substr(begin, position_ - begin);
  }
  std::unexpected<std::string> failed(std::string_view expected) const {
    return std::unexpected("expected " + std::string(expected) + " at " + quoted(text_.substr(position_)));
  }

  std::optional<std::string> read_string() {
    char quote = peek();
    if (quote != '"' && quote != '\'' && quote != '`') return std::nullopt;
    std::size_t begin = position_++;
    while (!at_end() && peek() != quote)
      position_ += peek() == '\\' && quote != '`' ? 2 : 1;
    if (!accept(quote)) return std::nullopt;
    return unquoted(text_.substr(begin, position_ - begin));
  }

  bool read_labels(std::vector<std::pair<std::string, std::string>>& labels) {
    ++position_;
    skip_spaces();
    while (!accept('}')) {
      bool is_quoted = peek() == '"' || peek() == '\'' || peek() == '`';
      std::optional<std::string> name;
      if (is_quoted)
        name = read_string();
      else
        name = take_while([](char c) { return is_plain_label_name({&c, 1}) || (c >= '0' && c <= '9'); });
      if (!name || name->empty()) return false;
      skip_spaces();
      if (accept('=')) {
        skip_spaces();
        std::optional<std::string> value = read_string();
        if (!value) return false;
        labels.emplace_back(std::move(*name), std::move(*value));
      } else if (is_quoted) {
        labels.emplace_back(k_metric_name, std::move(*name));
      } else {
        return false;
      }
      skip_spaces();
      if (!accept(',') && peek() != '}') return false;
      skip_spaces();
    }
    return true;
  }

  std::optional<std::uint64_t> read_count() {
    std::string_view digits = take_while([](char c) { return c >= '0' && c <= '9'; });
    std::uint64_t count = 0;
    auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), count);
    if (error != std::errc{} || count > k_most_repetitions) return std::nullopt;
    return count;
  }

  /// How often more: what stands behind an "x", 0 when there is none.
  std::optional<std::uint64_t> read_repetitions() { return accept('x') ? read_count() : std::optional(0UL); }

  bool read_item(std::vector<SequenceValue>& values) {
    if (peek() == '{' && peek(1) == '{') return read_histograms(values);
    if (accept('_')) {
      bool repeated = peek() == 'x';
      std::optional<std::uint64_t> count = read_repetitions();
      if (!count || !at_item_end()) return false;
      values.insert(values.end(), repeated ? *count : 1, {SequenceValue::Kind::omitted, 0});
      return true;
    }
    std::optional<double> value = read_value();
    if (!value) return false;
    double step = 0;
    if (peek() == '+' || peek() == '-') {
      std::optional<double> given = read_value();
      if (!given || peek() != 'x') return false;
      step = *given;
    }
    std::optional<std::uint64_t> count = read_repetitions();
    if (!count || !at_item_end()) return false;
    for (std::uint64_t i = 0; i <= *count; ++i) {
      values.push_back({SequenceValue::Kind::number, *value});
      *value += step;  // not a product: the sums of Prometheus's tests
    }
    return true;
  }

  bool at_item_end() const { return at_end() || is_space(peek()); }

  std::optional<double> read_value() {
    std::size_t begin = position_;
    if (peek() == '+' || peek() == '-') ++position_;
    std::string_view word =
        take_while([](char c) { return (c >= 'a' && c <= 'w') || (c >= 'A' && c <= 'Z'); });
    if (word == "stale")
      return position_ - begin == word.size() ? std::optional(stale_marker()) : std::nullopt;
    if (word.empty()) {
      take_while([this](char c) { return (c >= '0' && c <= '9') || c == '.' || c == '_' || is_exponent(c); });
    }
    return parse_decimal(text_.substr(begin, position_ - begin));
  }

  /// Whether the character at the position belongs to an exponent: e, E, or the sign behind it.
  bool is_exponent(char c) const {
    if (c == 'e' || c == 'E') return true;
    bool sign = c == '+' || c == '-';
    return sign && position_ > 0 && (text_[position_ - 1] == 'e' || text_[position_ - 1] == 'E');
  }

  static std::optional<double> parse_decimal(std::string_view text) { return parse_number(text); }

  bool read_histograms(std::vector<SequenceValue>& values) {
    if (!skip_histogram()) return false;
    if (peek() == '+' || peek() == '-') {
      ++position_;
      if (!skip_histogram()) return false;
    }
    std::optional<std::uint64_t> count = read_repetitions();
    if (!count) return false;
    values.insert(values.end(), *count + 1, {SequenceValue::Kind::histogram, 0});
    return true;
  }

  bool skip_histogram() {
    if (peek() != '{' || peek(1) != '{') return false;
    std::size_t end = text_.find("}}", position_);
    if (end == text_.npos) return false;
    position_ = end + 2;
    return true;
  }

  std::string_view text_;
  std::size_t position_ = 0;
};

}  // namespace

std::expected<SeriesDescription, std::string> parse_series_description(std::string_view text) {
  return Reader(text).read();
}

}  // namespace pgvigil::promql
