#include <algorithm>
#include <cmath>
#include <limits>

#include "rules/promql/evaluator.h"
#include "rules/promql/hash.h"
#include "rules/promql/label_groups.h"
#include "rules/promql/number.h"

namespace pgvigil::promql {
namespace {

void append_sized(std::string& bytes, std::string_view text) {
  auto put = [&](std::size_t byte) { bytes += static_cast<char>(byte & 0xFF); };
  std::size_t size = text.size();
  if (size < 255) {
    put(size);
  } else {
    for (std::size_t part : {std::size_t{255}, size, size >> 8, size >> 16})
      put(part);
  }
  bytes.append(text);
}

/// Where in [0, 1] a label set falls: the same place as in Prometheus, which hashes the same bytes.
double ratio_offset(const Labels& labels) {
  std::string bytes;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    append_sized(bytes, labels[i].name);
    append_sized(bytes, labels[i].value);
  }
  return static_cast<double>(xxhash64(bytes)) /
         static_cast<double>(std::numeric_limits<std::uint64_t>::max());
}

bool within_ratio(double ratio, double offset) {
  return ratio >= 0 ? offset < ratio : offset >= 1 + ratio;
}

/// Keeps some of the rows of each group, at every step anew.
class Selection {
 public:
  Selection(Evaluator& evaluator,
            const Aggregation& aggregation,
            Block input,
            std::span<const double> parameters)
      : evaluator_(evaluator),
        aggregation_(aggregation),
        input_(std::move(input)),
        parameters_(parameters),
        groups_(aggregation.without ? LabelChoice::except(aggregation.grouping)
                                    : LabelChoice::only(aggregation.grouping)) {}

  Expected<Block> run() {
    bool ratio = aggregation_.op == TokenKind::keyword_limit_ratio;
    if (auto checked = ratio ? check_ratios() : check_counts(); !checked)
      return std::unexpected(checked.error());
    for (std::size_t i = 0; i < input_.size(); ++i) {
      std::size_t group = groups_.number(input_.row(i).labels);
      if (group == rows_of_group_.size()) rows_of_group_.emplace_back();
      rows_of_group_[group].push_back(i);
    }
    for (std::size_t step = 0; step < input_.steps(); ++step)
      run_step(step);
    if (input_.steps() == 1) {
      input_.reorder(order_);
    } else {
      input_.drop_empty_rows();
    }
    return std::move(input_);
  }

 private:
  using Checked = std::expected<void, Error>;

  Checked check_counts() const {
    double least = *std::min_element(parameters_.begin(), parameters_.end());
    double most = *std::max_element(parameters_.begin(), parameters_.end());
    for (double value : parameters_) {
      if (std::isnan(value)) return failure(Fault::evaluation, "Parameter value is NaN");
    }
    constexpr double k_bound = 9223372036854775808.0;  // 2^63
    if (most < 1) return {};
    if (least <= -k_bound) {
      return failure(Fault::evaluation, "Scalar value " + format_general(least) + " underflows int64");
    }
    if (most >= k_bound) {
      return failure(Fault::evaluation, "Scalar value " + format_general(most) + " overflows int64");
    }
    return {};
  }

  Checked check_ratios() {
    for (double value : parameters_) {
      if (std::isnan(value)) return failure(Fault::evaluation, "Ratio value is NaN");
    }
    double least = *std::min_element(parameters_.begin(), parameters_.end());
    double most = *std::max_element(parameters_.begin(), parameters_.end());
    Annotations& annotations = evaluator_.context().annotations;
    if (most > 1) annotations.add(invalid_ratio(most, 1, aggregation_.parameter->span));
    if (least < -1) annotations.add(invalid_ratio(least, -1, aggregation_.parameter->span));
    return {};
  }

  void run_step(std::size_t step) {
    for (const std::vector<std::size_t>& rows : rows_of_group_) {
      candidates_.clear();
      for (std::size_t row : rows) {
        if (!is_absent(input_.cells(row)[step])) candidates_.push_back(row);
      }
      choose(step);
      for (std::size_t row : candidates_)
        input_.cells(row)[step] = absent();
      for (std::size_t i = 0; i < chosen_.size(); ++i)
        input_.cells(chosen_[i])[step] = values_[i];
      order_.insert(order_.end(), chosen_.begin(), chosen_.end());
    }
  }

  /// Fills chosen_ with some of the candidates, best first, and values_ with their values.
  void choose(std::size_t step) {
    auto value = [&](std::size_t row) { return input_.cells(row)[step]; };
    chosen_ = candidates_;
    double parameter = parameters_[step];
    if (aggregation_.op == TokenKind::keyword_limit_ratio) {
      double ratio = std::clamp(parameter, -1.0, 1.0);
      std::erase_if(chosen_, [&](std::size_t row) {
        return ratio == 0 || !within_ratio(ratio, ratio_offset(*input_.row(row).labels));
      });
    } else {
      auto count =
          parameter < 1
              ? 0
              : static_cast<std::size_t>(std::min(parameter, static_cast<double>(candidates_.size())));
      if (aggregation_.op != TokenKind::keyword_limitk) {
        bool descending = aggregation_.op == TokenKind::keyword_topk;
        std::stable_sort(chosen_.begin(), chosen_.end(), [&](std::size_t a, std::size_t b) {
          if (std::isnan(value(a)) || std::isnan(value(b)))
            return !std::isnan(value(a)) && std::isnan(value(b));
          return descending ? value(a) > value(b) : value(a) < value(b);
        });
      }
      chosen_.resize(count);
    }
    values_.clear();
    for (std::size_t row : chosen_)
      values_.push_back(value(row));
  }

  Evaluator& evaluator_;
  const Aggregation& aggregation_;
  Block input_;
  std::span<const double> parameters_;
  LabelGroups groups_;
  std::vector<std::vector<std::size_t>> rows_of_group_;
  std::vector<std::size_t> candidates_;
  std::vector<std::size_t> chosen_;
  std::vector<double> values_;
  std::vector<std::size_t> order_;
};

}  // namespace

Expected<Block> select_rows(Evaluator& evaluator,
                            const Aggregation& aggregation,
                            Block input,
                            std::span<const double> parameters) {
  return Selection(evaluator, aggregation, std::move(input), parameters).run();
}

}  // namespace pgvigil::promql
