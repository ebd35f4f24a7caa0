#include <algorithm>

#include "rules/promql/regex/program.h"
#include "rules/promql/text.h"

namespace pgvigil::promql {
namespace {

constexpr std::size_t k_unset = static_cast<std::size_t>(-1);

bool is_word_character(char32_t c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
}

/// A Pike machine: all threads step through the text together, in order of preference, so that the first one
/// that matches is the leftmost-first match. Slots (positions of groups) travel with the threads.
class Machine {
 public:
  Machine(const RegexProgram& program, std::string_view text, RegexAnchoring anchoring, bool with_groups)
      : program_(program),
        text_(text),
        anchoring_(anchoring),
        slots_(with_groups ? 2 * program.group_names.size() : 0),
        current_(program.instructions.size(), slots_),
        next_(program.instructions.size(), slots_) {}

  bool run(RegexGroups* groups) {
    std::vector<std::size_t> begin_slots(slots_, k_unset);
    for (std::size_t position = 0;;) {
      if (position == 0 || (anchoring_ == RegexAnchoring::anywhere && !matched_)) {
        if (slots_ > 0) begin_slots[0] = position;
        add_thread(current_, 0, position, begin_slots.data());
      }
      if (current_.order.empty()) break;
      DecodedCharacter character = decode_utf8(text_, position);
      step(character, position);
      if (character.width == 0 || (matched_ && next_.order.empty())) break;
      std::swap(current_, next_);
      next_.clear();
      position += character.width;
    }
    if (matched_ && groups != nullptr) fill_groups(*groups);
    return matched_;
  }

 private:
  struct Threads {
    Threads(std::size_t instructions, std::size_t slots)
        : present(instructions, false), positions(instructions * slots, k_unset) {}
    void clear() {
      for (std::uint32_t pc : order)
        present[pc] = false;
      for (std::uint32_t pc : visited)
        present[pc] = false;
      order.clear();
      visited.clear();
    }
    std::vector<bool> present;
    std::vector<std::uint32_t> order;    // threads that wait for a character or match, best first
    std::vector<std::uint32_t> visited;  // instructions passed on the way
    std::vector<std::size_t> positions;  // slots of every thread
  };

  void step(const DecodedCharacter& character, std::size_t position) {
    for (std::uint32_t pc : current_.order) {
      const RegexInstruction& instruction = program_.instructions[pc];
      std::size_t* slots = current_.positions.data() + pc * slots_;
      if (instruction.op == RegexOp::match) {
        if (anchoring_ == RegexAnchoring::whole_text && position < text_.size()) continue;
        matched_ = true;
        best_.assign(slots, slots + slots_);
        if (slots_ > 0) best_[1] = position;
        break;  // the threads behind are worse
      }
      if (character.width == 0) continue;
      bool accepted = instruction.op == RegexOp::character
                          ? instruction.character == character.code_point
                          : program_.classes[instruction.other].contains(character.code_point);
      if (accepted) add_thread(next_, instruction.next, position + character.width, slots);
    }
  }

  struct Pending {
    std::uint32_t pc;
    std::uint32_t restore_slot;  // when not k_no_slot: put `value` back instead of following pc
    std::size_t value;
  };
  static constexpr std::uint32_t k_no_slot = static_cast<std::uint32_t>(-1);

  /// Follows jumps, splits, saves and assertions from `pc` without recursion.
  void add_thread(Threads& threads, std::uint32_t pc, std::size_t position, const std::size_t* slots) {
    std::vector<std::size_t>& scratch = scratch_;
    scratch.assign(slots, slots + slots_);
    stack_.clear();
    stack_.push_back({pc, k_no_slot, 0});
    while (!stack_.empty()) {
      Pending pending = stack_.back();
      stack_.pop_back();
      if (pending.restore_slot != k_no_slot) {
        scratch[pending.restore_slot] = pending.value;
      } else {
        follow(threads, pending.pc, position, scratch);
      }
    }
  }

  void follow(Threads& threads, std::uint32_t pc, std::size_t position, std::vector<std::size_t>& scratch) {
    if (threads.present[pc]) return;
    threads.present[pc] = true;
    const RegexInstruction& instruction = program_.instructions[pc];
    bool waits = instruction.op == RegexOp::character || instruction.op == RegexOp::char_class ||
                 instruction.op == RegexOp::match;
    (waits ? threads.order : threads.visited).push_back(pc);
    switch (instruction.op) {
      case RegexOp::jump:
        stack_.push_back({instruction.next, k_no_slot, 0});
        break;
      case RegexOp::split:
        stack_.push_back({instruction.other, k_no_slot, 0});
        stack_.push_back({instruction.next, k_no_slot, 0});
        break;
      case RegexOp::save:
        if (slots_ > 0) {
          stack_.push_back({0, instruction.other, scratch[instruction.other]});
          scratch[instruction.other] = position;
        }
        stack_.push_back({instruction.next, k_no_slot, 0});
        break;
      case RegexOp::assertion:
        if (holds(instruction.assertion, position)) stack_.push_back({instruction.next, k_no_slot, 0});
        break;
      case RegexOp::character:
      case RegexOp::char_class:
      case RegexOp::match:
        std::copy(scratch.begin(), scratch.end(),
                  threads.positions.begin() + static_cast<std::ptrdiff_t>(pc * slots_));
        break;
    }
  }

  bool holds(RegexNodeKind assertion, std::size_t position) const {
    bool at_begin = position == 0;
    bool at_end = position >= text_.size();
    char before = at_begin ? '\0' : text_[position - 1];
    char after = at_end ? '\0' : text_[position];
    bool boundary = is_word_character(static_cast<unsigned char>(before)) !=
                    is_word_character(static_cast<unsigned char>(after));
    switch (assertion) {
      case RegexNodeKind::begin_text:
        return at_begin;
      case RegexNodeKind::end_text:
        return at_end;
      case RegexNodeKind::begin_line:
        return at_begin || before == '\n';
      case RegexNodeKind::end_line:
        return at_end || after == '\n';
      case RegexNodeKind::word_boundary:
        return boundary;
      case RegexNodeKind::no_word_boundary:
        return !boundary;
      default:
        return false;
    }
  }

  void fill_groups(RegexGroups& groups) const {
    groups.assign(slots_ / 2, std::nullopt);
    for (std::size_t i = 0; i < groups.size(); ++i) {
      std::size_t begin = best_[2 * i];
      std::size_t end = best_[2 * i + 1];
      if (begin != k_unset && end != k_unset) groups[i] = RegexGroup{begin, end};
    }
  }

  const RegexProgram& program_;
  std::string_view text_;
  RegexAnchoring anchoring_;
  std::size_t slots_;
  Threads current_;
  Threads next_;
  std::vector<Pending> stack_;
  std::vector<std::size_t> scratch_;
  std::vector<std::size_t> best_;
  bool matched_ = false;
};

}  // namespace

bool run_regex(const RegexProgram& program,
               std::string_view text,
               RegexAnchoring anchoring,
               RegexGroups* groups) {
  return Machine(program, text, anchoring, groups != nullptr).run(groups);
}

}  // namespace pgvigil::promql
