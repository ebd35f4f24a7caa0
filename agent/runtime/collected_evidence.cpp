#include "agent/runtime/collected_evidence.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "collectors/model/unix_time.h"
#include "collectors/postgres/sql_text.h"
#include "rules/promql/engine.h"
#include "rules/promql/parser.h"

namespace pgvigil::agent {
namespace {

using evidence::SeriesColumn;
using promql::Vector;

/// Bytes of a cell: enough for what to do about two things.
constexpr std::size_t k_most_of_cell = 300;

std::expected<promql::ExprPtr, Error> parsed(const std::string& text,
                                             const evidence::Definition& definition) {
  auto expr = promql::parse_expression(text);
  if (expr) return std::move(*expr);
  return std::unexpected(
      Error{ErrorKind::configuration, definition.asks.file + ": " + to_string(expr.error())});
}

std::expected<Vector, Error> vector_of(const promql::Expr& expr,
                                       const promql::Queryable& series,
                                       std::int64_t t_ms) {
  auto result = promql::evaluate_instant(expr, series, t_ms);
  if (!result) return std::unexpected(promql::to_house_error(result.error()));
  if (auto* vector = std::get_if<Vector>(&result->value)) return std::move(*vector);
  return std::unexpected(Error{ErrorKind::configuration, "it gives no instant vector"});
}

/// Whole from a thousand on, else with four digits.
std::optional<std::string> number_text(double value) {
  if (!std::isfinite(value)) return std::nullopt;
  return std::abs(value) < 1000 ? fmt::format("{:.4g}", value) : fmt::format("{:.0f}", value);
}

using Row = std::vector<std::optional<std::string>>;

bool is_of_row(const promql::Labels& labels,
               const Row& row,
               const std::vector<std::size_t>& keys,
               const std::vector<std::string>& by) {
  for (std::size_t i = 0; i < keys.size(); ++i)
    if (const auto value = labels.get(by[i]); !value.empty() && value != row[keys[i]].value_or(""))
      return false;
  return true;
}

/// The texts of a label, each once: words in their order, sentences in that of the series.
std::optional<std::string> text_of(const SeriesColumn& column,
                                   const std::vector<const promql::Sample*>& samples) {
  const bool are_words = column.words == evidence::Words::as_is;
  std::vector<std::string> texts;
  for (const promql::Sample* sample : samples) {
    std::string text = in_words(column.words, sample->labels->get(column.label));
    if (!text.empty() && std::ranges::find(texts, text) == texts.end()) texts.push_back(std::move(text));
  }
  if (texts.empty()) return std::nullopt;
  if (are_words) std::ranges::sort(texts);
  std::string all;
  for (const std::string& text : texts)
    all += (all.empty() ? "" : are_words ? ", " : " ") + text;
  return postgres::shortened(std::move(all), k_most_of_cell);
}

}  // namespace

std::expected<CollectedEvidence, Error> CollectedEvidence::make(const evidence::Definition& definition) {
  CollectedEvidence made(definition);
  if (auto done = made.parse(); !done) return std::unexpected(done.error());
  return made;
}

std::expected<void, Error> CollectedEvidence::parse() {
  const evidence::Collected& collected = *definition_->collected;
  const auto place_of = [&](const std::string& name) {
    const auto found = std::ranges::find(definition_->columns, name, &evidence::Column::name);
    return static_cast<std::size_t>(found - definition_->columns.begin());
  };
  for (const std::string& label : collected.by)
    keys_.push_back(place_of(label));
  auto order = parsed(collected.order, *definition_);
  if (!order) return std::unexpected(order.error());
  order_ = std::move(*order);
  for (const SeriesColumn& column : collected.columns) {
    auto expr = parsed(column.expr, *definition_);
    if (!expr) return std::unexpected(expr.error());
    parts_.push_back({place_of(column.name), &column, std::move(*expr)});
  }
  for (const evidence::Remark& remark : collected.remarks) {
    auto when = parsed(remark.when, *definition_);
    if (!when) return std::unexpected(when.error());
    sayings_.push_back({std::move(*when), remark.say});
  }
  return {};
}

std::expected<evidence::Evidence, Error> CollectedEvidence::look(const promql::Queryable& series,
                                                                 Timestamp now) const {
  evidence::Evidence seen{.name = definition_->asks.name,
                          .title = definition_->asks.help,
                          .columns = definition_->columns,
                          .taken_at = now};
  const std::int64_t t_ms = unix_milliseconds(now);
  auto order = vector_of(*order_, series, t_ms);
  if (!order) return std::unexpected(order.error());
  std::ranges::sort(*order, [](const auto& one, const auto& other) {
    if (one.point.v != other.point.v) return one.point.v > other.point.v;
    return *one.labels < *other.labels;
  });
  for (const promql::Sample& sample : *order) {
    Row row(seen.columns.size());
    for (std::size_t i = 0; i < keys_.size(); ++i)
      row[keys_[i]] = std::string(sample.labels->get(definition_->collected->by[i]));
    if (seen.rows.size() < definition_->rows)
      seen.rows.push_back(std::move(row));
    else
      ++seen.left_out;
  }
  if (auto filled = fill(seen, series, t_ms); !filled) return std::unexpected(filled.error());
  return seen;
}

std::expected<void, Error> CollectedEvidence::fill(evidence::Evidence& seen,
                                                   const promql::Queryable& series,
                                                   std::int64_t t_ms) const {
  for (const Part& part : parts_) {
    const auto vector = vector_of(*part.expr, series, t_ms);
    if (!vector) return std::unexpected(vector.error());
    for (Row& row : seen.rows) {
      std::vector<const promql::Sample*> samples;
      for (const promql::Sample& sample : *vector)
        if (is_of_row(*sample.labels, row, keys_, definition_->collected->by)) samples.push_back(&sample);
      if (samples.empty()) continue;
      row[part.column] =
          part.of->label.empty() ? number_text(samples.front()->point.v) : text_of(*part.of, samples);
    }
  }
  for (const Saying& saying : sayings_) {
    const auto when = vector_of(*saying.when, series, t_ms);
    if (!when) return std::unexpected(when.error());
    if (!when->empty() && !seen.rows.empty()) seen.remark += (seen.remark.empty() ? "" : " ") + saying.say;
  }
  return {};
}

void CollectedEvidence::add_needs(rules::HistoryNeeds& needs) const {
  needs.add(*order_);
  for (const Part& part : parts_)
    needs.add(*part.expr);
  for (const Saying& saying : sayings_)
    needs.add(*saying.when);
}

bool CollectedEvidence::needs_past() const {
  rules::HistoryNeeds needs;
  needs.add(*order_);
  return needs.longest().count() > 0;
}

SeriesOf::SeriesOf(const promql::Queryable& all, const promql::Labels& target) : all_(all) {
  for (std::size_t i = 0; i < target.size(); ++i)
    if (auto matcher = promql::Matcher::make(promql::MatchKind::equal, std::string(target[i].name),
                                             std::string(target[i].value)))
      target_.push_back(std::move(*matcher));
}

promql::Expected<promql::SeriesSet> SeriesOf::select(std::span<const promql::Matcher> matchers,
                                                     std::int64_t from_ms,
                                                     std::int64_t to_ms) const {
  std::vector<promql::Matcher> all(matchers.begin(), matchers.end());
  all.insert(all.end(), target_.begin(), target_.end());
  return all_.select(all, from_ms, to_ms);
}

}  // namespace pgvigil::agent
