#include <algorithm>
#include <array>
#include <cmath>

#include "rules/promql/evaluator.h"
#include "rules/promql/function_library.h"
#include "rules/promql/histogram.h"
#include "rules/promql/label_groups.h"
#include "rules/promql/number.h"
#include "rules/promql/text.h"

namespace pgvigil::promql {
namespace {

const std::array<std::string, 1> k_bucket_label_name = {std::string(k_bucket_label)};

/// The classic histograms of a vector: its rows, by their labels without `le`.
class Histograms {
 public:
  Histograms(Evaluator& evaluator, const Block& input, Span span)
      : input_(input), groups_(LabelChoice::except_keeping_name(k_bucket_label_name), input.size()) {
    for (std::size_t i = 0; i < input.size(); ++i) {
      const Labels& labels = *input.row(i).labels;
      std::string_view bound_text = labels.get(k_bucket_label);
      std::optional<double> bound = parse_number(bound_text);
      if (!bound) {
        evaluator.context().annotations.add(bad_bucket_label(labels.metric_name(), bound_text, span));
        continue;
      }
      std::size_t group = groups_.number(input.row(i).labels);
      if (group == members_.size()) members_.emplace_back();
      members_[group].push_back({i, *bound});
    }
  }

  std::size_t size() const { return members_.size(); }
  LabelsPtr labels(std::size_t group) const { return groups_.choice().apply(groups_.representative(group)); }

  /// The buckets that a histogram has at a step.
  std::vector<Bucket> buckets(std::size_t group, std::size_t step) const {
    std::vector<Bucket> buckets;
    for (const Member& member : members_[group]) {
      double count = input_.cells(member.row)[step];
      if (!is_absent(count)) buckets.push_back({member.upper_bound, count});
    }
    return buckets;
  }

 private:
  struct Member {
    std::size_t row;
    double upper_bound;
  };
  const Block& input_;
  LabelGroups groups_;
  std::vector<std::vector<Member>> members_;
};

void warn_of_bad_quantiles(Evaluator& evaluator, std::span<const double> quantiles, Span span) {
  for (double quantile : quantiles) {
    if (!(quantile >= 0 && quantile <= 1))
      evaluator.context().annotations.add(invalid_quantile(quantile, span));
  }
}

/// One row a histogram: `value(buckets, step, group)`, where it has buckets.
template <typename Value>
void append_rows(Block& result,
                 const Histograms& histograms,
                 std::string_view label,
                 std::string_view label_value,
                 Value value) {
  for (std::size_t group = 0; group < histograms.size(); ++group) {
    LabelsPtr labels = histograms.labels(group);
    if (!label.empty()) labels = LabelsBuilder(*labels).set(label, label_value).build();
    std::size_t row = result.add_row({labels, true});
    std::span<double> cells = result.cells(row);
    for (std::size_t step = 0; step < cells.size(); ++step) {
      std::vector<Bucket> buckets = histograms.buckets(group, step);
      if (!buckets.empty()) cells[step] = value(buckets, step, *labels);
    }
  }
}

/// As OpenMetrics writes numbers in labels: always with a point or an exponent.
std::string label_text(double value) {
  std::string text = format_general(value);
  return text.find_first_of(".eIN") == text.npos ? text + ".0" : text;
}

}  // namespace

Expected<Block> histogram_quantile(Evaluator& evaluator, const Call& call) {
  Expected<std::vector<double>> quantiles = evaluator.scalar(*call.arguments[0]);
  if (!quantiles) return std::unexpected(quantiles.error());
  Expected<Block> input = evaluator.vector(*call.arguments[1]);
  if (!input) return input;
  warn_of_bad_quantiles(evaluator, *quantiles, call.arguments[0]->span);
  Histograms histograms(evaluator, *input, call.arguments[1]->span);
  Expected<Block> result = evaluator.new_block(histograms.size());
  if (!result) return result;
  append_rows(*result, histograms, "", "",
              [&](std::vector<Bucket>& buckets, std::size_t step, const Labels& labels) {
                BucketQuantile quantile = bucket_quantile((*quantiles)[step], buckets);
                if (quantile.forced_monotonic) {
                  evaluator.context().annotations.add(
                      forced_monotonicity(labels.metric_name(), call.arguments[1]->span));
                }
                return quantile.value;
              });
  return result;
}

/// histogram_quantiles(v, "label", q1, q2, …): a series for each quantile, which stands in the label.
Expected<Block> histogram_quantiles(Evaluator& evaluator, const Call& call) {
  Expected<Block> input = evaluator.vector(*call.arguments[0]);
  if (!input) return input;
  const std::string& label = string_argument(call, 1);
  if (!is_utf8_label_name(label)) return failure(Fault::evaluation, "invalid label name " + quoted(label));
  Histograms histograms(evaluator, *input, call.arguments[0]->span);
  Expected<Block> result = evaluator.new_block(histograms.size() * (call.arguments.size() - 2));
  if (!result) return result;
  for (std::size_t i = 2; i < call.arguments.size(); ++i) {
    Expected<std::vector<double>> quantiles = evaluator.scalar(*call.arguments[i]);
    if (!quantiles) return std::unexpected(quantiles.error());
    warn_of_bad_quantiles(evaluator, *quantiles, call.arguments[i]->span);
    std::vector<double> different = *quantiles;
    std::sort(different.begin(), different.end());
    different.erase(std::unique(different.begin(), different.end()), different.end());
    for (double quantile : different) {
      append_rows(*result, histograms, label, label_text(quantile),
                  [&](std::vector<Bucket>& buckets, std::size_t step, const Labels& labels) {
                    if ((*quantiles)[step] != quantile && !std::isnan(quantile)) return absent();
                    BucketQuantile value = bucket_quantile(quantile, buckets);
                    if (value.forced_monotonic) {
                      evaluator.context().annotations.add(
                          forced_monotonicity(labels.metric_name(), call.arguments[1]->span));
                    }
                    return value.value;
                  });
    }
  }
  return result;
}

Expected<Block> histogram_fraction(Evaluator& evaluator, const Call& call) {
  Expected<std::vector<double>> lower = evaluator.scalar(*call.arguments[0]);
  if (!lower) return std::unexpected(lower.error());
  Expected<std::vector<double>> upper = evaluator.scalar(*call.arguments[1]);
  if (!upper) return std::unexpected(upper.error());
  Expected<Block> input = evaluator.vector(*call.arguments[2]);
  if (!input) return input;
  Histograms histograms(evaluator, *input, call.arguments[2]->span);
  Expected<Block> result = evaluator.new_block(histograms.size());
  if (!result) return result;
  append_rows(*result, histograms, "", "",
              [&](std::vector<Bucket>& buckets, std::size_t step, const Labels&) {
                return bucket_fraction((*lower)[step], (*upper)[step], buckets);
              });
  return result;
}

}  // namespace pgvigil::promql
