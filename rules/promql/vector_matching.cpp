#include <algorithm>
#include <limits>

#include "rules/promql/evaluator.h"
#include "rules/promql/label_groups.h"

namespace pgvigil::promql {
namespace {

constexpr std::size_t k_none = std::numeric_limits<std::size_t>::max();

LabelChoice choice_of(const VectorMatching& matching) {
  return matching.on ? LabelChoice::only(matching.labels) : LabelChoice::except(matching.labels);
}

/// Matches two vectors by their labels and computes, step by step. "Many" is the side whose series may share
/// a match; in a one-to-one operation it is the left one.
class Matching {
 public:
  Matching(Evaluator& evaluator, const Binary& binary, const Block& left, const Block& right)
      : binary_(binary),
        matching_(binary.matching),
        swapped_(matching_.cardinality == Cardinality::one_to_many),
        many_(swapped_ ? right : left),
        one_(swapped_ ? left : right),
        fill_many_(swapped_ ? matching_.fill_right : matching_.fill_left),
        fill_one_(swapped_ ? matching_.fill_left : matching_.fill_right),
        signatures_(choice_of(matching_), left.size() + right.size()),
        results_(LabelChoice::all(), many_.size()),
        evaluator_(evaluator) {}

  Expected<Block> run() {
    Expected<Block> result = evaluator_.new_block(many_.size() + (fill_many_ ? one_.size() : 0));
    if (!result) return result;
    number(many_, many_signatures_);
    number(one_, one_signatures_);
    one_of_signature_.resize(signatures_.size());
    matched_.resize(signatures_.size());
    last_pairs_.resize(many_.size());
    for (step_ = 0; step_ < result->steps(); ++step_) {
      if (auto done = run_step(*result); !done) return std::unexpected(done.error());
    }
    return result;
  }

 private:
  using Done = std::expected<void, Error>;

  void number(const Block& block, std::vector<std::size_t>& signatures) {
    signatures.reserve(block.size());
    for (std::size_t i = 0; i < block.size(); ++i)
      signatures.push_back(signatures_.number(block.row(i).labels));
  }

  Done run_step(Block& result) {
    std::fill(one_of_signature_.begin(), one_of_signature_.end(), k_none);
    std::fill(matched_.begin(), matched_.end(), false);
    bool any_many = has_value(many_);
    bool any_one = has_value(one_);
    if ((!any_many && !any_one) || ((!any_many || !any_one) && !fill_many_ && !fill_one_)) return {};
    for (std::size_t i = 0; i < one_.size(); ++i) {
      if (is_absent(one_.cells(i)[step_])) continue;
      std::size_t& place = one_of_signature_[one_signatures_[i]];
      if (place != k_none) return duplicate_on_one_side(place, i);
      place = i;
    }
    for (std::size_t i = 0; i < many_.size(); ++i) {
      double value = many_.cells(i)[step_];
      if (is_absent(value)) continue;
      std::size_t one = one_of_signature_[many_signatures_[i]];
      if (one == k_none && !fill_one_) continue;
      double other = one == k_none ? *fill_one_ : one_.cells(one)[step_];
      if (Done done = combine(result, i, one, value, other); !done) return done;
    }
    return fill_many_ ? run_unmatched(result) : Done{};
  }

  Done run_unmatched(Block& result) {
    for (std::size_t signature = 0; signature < one_of_signature_.size(); ++signature) {
      std::size_t one = one_of_signature_[signature];
      if (one == k_none || matched_[signature]) continue;
      if (Done done = combine(result, k_none, one, *fill_many_, one_.cells(one)[step_]); !done) return done;
    }
    return {};
  }

  bool has_value(const Block& block) const {
    for (std::size_t i = 0; i < block.size(); ++i) {
      if (!is_absent(block.cells(i)[step_])) return true;
    }
    return false;
  }

  std::unexpected<Error> duplicate_on_one_side(std::size_t a, std::size_t b) const {
    const LabelsPtr* first = &one_.row(a).labels;
    const LabelsPtr* second = &one_.row(b).labels;
    if (**second < **first) std::swap(first, second);
    std::string group = to_string(*signatures_.choice().apply(*first));
    return failure(Fault::evaluation,
                   "found duplicate series for the match group " + group + " on the " +
                       (swapped_ ? "left" : "right") + " hand-side of the operation: [" + to_string(**first) +
                       ", " + to_string(**second) +
                       "];many-to-many matching not allowed: matching labels must be unique on one side");
  }

  /// One pair of series at one step; either side may be filled in (k_none).
  Done combine(Block& result, std::size_t many, std::size_t one, double many_value, double one_value) {
    std::size_t signature = many != k_none ? many_signatures_[many] : one_signatures_[one];
    bool one_to_one = matching_.cardinality == Cardinality::one_to_one;
    if (one_to_one && matched_[signature]) {
      return failure(
          Fault::evaluation,
          "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)");
    }
    matched_[signature] = true;
    double left = swapped_ ? one_value : many_value;
    double right = swapped_ ? many_value : one_value;
    bool comparison = is_comparison(binary_.op);
    bool kept = !comparison || binary_.return_bool || compare(binary_.op, left, right);
    if (one_to_one && !kept) return {};
    std::size_t group = result_group(many, one);
    if (!one_to_one) {
      if (last_step_.size() <= group) last_step_.resize(group + 1, {k_none, k_none});
      Stamp stamp{step_, signature};
      if (last_step_[group] == stamp) {
        return failure(Fault::evaluation,
                       "multiple matches for labels: grouping labels must ensure unique matches");
      }
      last_step_[group] = stamp;
      if (!kept) return {};
    }
    return store(result, group, many, cell_value(left, right));
  }

  double cell_value(double left, double right) const {
    if (!is_comparison(binary_.op)) return compute(binary_.op, left, right);
    if (binary_.return_bool) return compare(binary_.op, left, right) ? 1 : 0;
    return left;
  }

  Done store(Block& result, std::size_t group, std::size_t many, double value) {
    if (row_of_group_.size() <= group) row_of_group_.resize(group + 1, k_none);
    if (row_of_group_[group] == k_none) {
      bool was_dropped = many != k_none && many_.row(many).drop_name && is_comparison(binary_.op);
      row_of_group_[group] =
          result.add_row({results_.representative(group), binary_.return_bool || was_dropped});
    }
    double& cell = result.cells(row_of_group_[group])[step_];
    if (!is_absent(cell)) {
      return failure(Fault::evaluation, "vector cannot contain metrics with the same labelset");
    }
    cell = value;
    return {};
  }

  /// The number of the label set that the pair gives; remembered from one step to the next.
  std::size_t result_group(std::size_t many, std::size_t one) {
    if (many == k_none) return results_.number(result_labels(filled_labels(one_, one), one));
    Pair& last = last_pairs_[many];
    if (last.group != k_none && last.one == one) return last.group;
    last = {one, results_.number(result_labels(many_.row(many).labels, one))};
    return last.group;
  }

  LabelsPtr filled_labels(const Block& block, std::size_t row) const {
    return signatures_.choice().apply(block.row(row).labels);
  }

  LabelsPtr result_labels(LabelsPtr labels, std::size_t one) const {
    bool keeps_name = is_comparison(binary_.op);
    if (!keeps_name) labels = without_metadata(labels);
    if (matching_.cardinality == Cardinality::one_to_one) {
      return matching_.on ? LabelChoice::only(matching_.labels).apply(labels)
                          : LabelChoice::except_keeping_name(matching_.labels).apply(labels);
    }
    if (matching_.include.empty()) return labels;
    LabelsBuilder builder(*labels);
    for (const std::string& name : matching_.include) {
      builder.set(name, one == k_none ? std::string_view() : one_.row(one).labels->get(name));
    }
    return builder.build();
  }

  struct Pair {
    std::size_t one = k_none;
    std::size_t group = k_none;
  };
  struct Stamp {
    std::size_t step;
    std::size_t signature;
    bool operator==(const Stamp&) const = default;
  };

  const Binary& binary_;
  const VectorMatching& matching_;
  bool swapped_;
  const Block& many_;
  const Block& one_;
  std::optional<double> fill_many_;
  std::optional<double> fill_one_;
  LabelGroups signatures_;
  LabelGroups results_;
  Evaluator& evaluator_;
  std::vector<std::size_t> many_signatures_;
  std::vector<std::size_t> one_signatures_;
  std::vector<std::size_t> one_of_signature_;  // row of the one side, of this step
  std::vector<bool> matched_;                  // of this step
  std::vector<Pair> last_pairs_;               // of each row of the many side
  std::vector<Stamp> last_step_;               // of each result
  std::vector<std::size_t> row_of_group_;      // in the result
  std::size_t step_ = 0;
};

}  // namespace

Expected<Block> match_vectors(Evaluator& evaluator,
                              const Binary& binary,
                              const Block& left,
                              const Block& right) {
  return Matching(evaluator, binary, left, right).run();
}

}  // namespace pgvigil::promql
