#include <algorithm>
#include <cmath>
#include <map>

#include "rules/promql/evaluator.h"
#include "rules/promql/label_groups.h"
#include "rules/promql/number.h"
#include "rules/promql/statistics.h"
#include "rules/promql/text.h"

namespace pgvigil::promql {
namespace {

LabelChoice choice_of(const Aggregation& aggregation) {
  return aggregation.without ? LabelChoice::except(aggregation.grouping)
                             : LabelChoice::only(aggregation.grouping);
}

struct Sum {
  KahanSum sum;
  void begin(double value) { sum = KahanSum(value); }
  void add(double value) { sum.add(value); }
  double result() const { return sum.total(); }
};

struct Average {
  RunningMean mean;
  void begin(double value) { mean.add(value); }
  void add(double value) { mean.add(value); }
  double result() const { return mean.mean(); }
};

struct Least {
  double value = 0;
  void begin(double first) { value = first; }
  void add(double next) {
    if (value > next || std::isnan(value)) value = next;
  }
  double result() const { return value; }
};

struct Greatest {
  double value = 0;
  void begin(double first) { value = first; }
  void add(double next) {
    if (value < next || std::isnan(value)) value = next;
  }
  double result() const { return value; }
};

struct Count {
  double count = 0;
  void begin(double) { count = 1; }
  void add(double) { count += 1; }
  double result() const { return count; }
};

struct One {
  void begin(double) {}
  void add(double) {}
  double result() const { return 1; }
};

/// B. P. Welford's method, as Prometheus computes it over series.
struct Variance {
  double count = 0;
  double mean = 0;
  double squares = 0;
  void begin(double value) {
    count = 1;
    mean = value;
    squares = std::isfinite(value) ? 0 : k_nan;
  }
  void add(double value) {
    count += 1;
    double delta = value - mean;
    mean += delta / count;
    squares += delta * (value - mean);
  }
  double result() const { return squares / count; }
};

struct Deviation : Variance {
  double result() const { return std::sqrt(Variance::result()); }
};

/// The groups of the rows of a block.
class Grouping {
 public:
  Grouping(const Block& input, const Aggregation& aggregation) : groups_(choice_of(aggregation)) {
    numbers_.reserve(input.size());
    for (std::size_t i = 0; i < input.size(); ++i) {
      numbers_.push_back(groups_.number(input.row(i).labels));
      if (drop_name_.size() < groups_.size()) drop_name_.push_back(false);
      if (input.row(i).drop_name) drop_name_[numbers_.back()] = true;
    }
  }

  std::size_t size() const { return groups_.size(); }
  std::size_t of_row(std::size_t row) const { return numbers_[row]; }
  Row result_row(std::size_t group) const {
    return {groups_.choice().apply(groups_.representative(group)), drop_name_[group]};
  }

 private:
  LabelGroups groups_;
  std::vector<std::size_t> numbers_;
  std::vector<bool> drop_name_;
};

Expected<Block> new_result(Evaluator& evaluator, const Grouping& grouping) {
  Expected<Block> result = evaluator.new_block(grouping.size());
  for (std::size_t group = 0; result && group < grouping.size(); ++group) {
    result->add_row(grouping.result_row(group));
  }
  return result;
}

template <typename Accumulator>
Expected<Block> accumulate(Evaluator& evaluator, const Aggregation& aggregation, const Block& input) {
  Grouping grouping(input, aggregation);
  Expected<Block> result = new_result(evaluator, grouping);
  if (!result) return result;
  std::size_t steps = input.steps();
  std::vector<Accumulator> accumulators(grouping.size() * steps);
  std::vector<bool> seen(accumulators.size(), false);
  for (std::size_t i = 0; i < input.size(); ++i) {
    std::size_t base = grouping.of_row(i) * steps;
    std::span<const double> cells = input.cells(i);
    for (std::size_t step = 0; step < steps; ++step) {
      if (is_absent(cells[step])) continue;
      if (seen[base + step]) {
        accumulators[base + step].add(cells[step]);
      } else {
        accumulators[base + step].begin(cells[step]);
        seen[base + step] = true;
      }
    }
  }
  for (std::size_t group = 0; group < grouping.size(); ++group) {
    for (std::size_t step = 0; step < steps; ++step) {
      std::size_t i = group * steps + step;
      if (seen[i]) result->cells(group)[step] = accumulators[i].result();
    }
  }
  return result;
}

Expected<Block> quantile_by_group(Evaluator& evaluator,
                                  const Aggregation& aggregation,
                                  const Block& input,
                                  std::span<const double> quantiles) {
  Grouping grouping(input, aggregation);
  Expected<Block> result = new_result(evaluator, grouping);
  if (!result) return result;
  std::vector<std::vector<double>> values(grouping.size());
  for (std::size_t step = 0; step < input.steps(); ++step) {
    for (std::vector<double>& of_group : values)
      of_group.clear();
    for (std::size_t i = 0; i < input.size(); ++i) {
      if (!is_absent(input.cells(i)[step])) values[grouping.of_row(i)].push_back(input.cells(i)[step]);
    }
    for (std::size_t group = 0; group < grouping.size(); ++group) {
      if (!values[group].empty()) result->cells(group)[step] = quantile_of(quantiles[step], values[group]);
    }
  }
  for (double quantile : quantiles) {
    if (quantile >= 0 && quantile <= 1) continue;
    evaluator.context().annotations.add(invalid_quantile(quantile, aggregation.parameter->span));
  }
  return result;
}

/// count_values("label", v): a series for each value of a group, the value being a label.
Expected<Block> count_values(Evaluator& evaluator, const Aggregation& aggregation, const Block& input) {
  const auto& label = without_parentheses(*aggregation.parameter).as<StringLiteral>()->value;
  if (!is_utf8_label_name(label)) return failure(Fault::evaluation, "invalid label name " + quoted(label));
  // The label of the value takes the place of one of the same name, so that one does not count for the group.
  std::vector<std::string> names = aggregation.grouping;
  bool excluded = std::erase(names, label) > 0 && aggregation.without;
  if (aggregation.without) names.push_back(label);
  LabelGroups groups(aggregation.without ? LabelChoice::except(names) : LabelChoice::only(names));
  std::map<std::pair<std::size_t, std::string>, std::size_t> rows;
  Expected<Block> result = evaluator.new_block(input.size());
  if (!result) return result;
  for (std::size_t i = 0; i < input.size(); ++i) {
    std::size_t group = groups.number(input.row(i).labels);
    std::span<const double> cells = input.cells(i);
    for (std::size_t step = 0; step < cells.size(); ++step) {
      if (is_absent(cells[step])) continue;
      std::string value = excluded ? std::string() : format_fixed(cells[step]);
      auto [place, is_new] = rows.try_emplace({group, value}, result->size());
      if (is_new) {
        LabelsPtr labels = groups.choice().apply(groups.representative(group));
        result->add_row({LabelsBuilder(*labels).set(label, value).build()});
      }
      double& count = result->cells(place->second)[step];
      count = is_absent(count) ? 1 : count + 1;
    }
  }
  return result;
}

}  // namespace

Expected<Block> aggregate(Evaluator& evaluator, const Aggregation& aggregation) {
  std::vector<double> parameters;
  if (aggregation.parameter != nullptr && aggregation.op != TokenKind::keyword_count_values) {
    Expected<std::vector<double>> values = evaluator.scalar(*aggregation.parameter);
    if (!values) return std::unexpected(values.error());
    parameters = std::move(*values);
  }
  Expected<Block> input = evaluator.vector(*aggregation.expr);
  if (!input) return input;
  switch (aggregation.op) {
    case TokenKind::keyword_sum:
      return accumulate<Sum>(evaluator, aggregation, *input);
    case TokenKind::keyword_avg:
      return accumulate<Average>(evaluator, aggregation, *input);
    case TokenKind::keyword_min:
      return accumulate<Least>(evaluator, aggregation, *input);
    case TokenKind::keyword_max:
      return accumulate<Greatest>(evaluator, aggregation, *input);
    case TokenKind::keyword_count:
      return accumulate<Count>(evaluator, aggregation, *input);
    case TokenKind::keyword_group:
      return accumulate<One>(evaluator, aggregation, *input);
    case TokenKind::keyword_stdvar:
      return accumulate<Variance>(evaluator, aggregation, *input);
    case TokenKind::keyword_stddev:
      return accumulate<Deviation>(evaluator, aggregation, *input);
    case TokenKind::keyword_quantile:
      return quantile_by_group(evaluator, aggregation, *input, parameters);
    case TokenKind::keyword_count_values:
      return count_values(evaluator, aggregation, *input);
    default:
      return select_rows(evaluator, aggregation, std::move(*input), parameters);
  }
}

}  // namespace pgvigil::promql
