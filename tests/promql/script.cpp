#include "tests/promql/script.h"

#include <algorithm>

#include "rules/promql/duration.h"
#include "rules/promql/number.h"
#include "rules/promql/text.h"

namespace pgvigil::promql::conformance {
namespace {

constexpr std::string_view k_blanks = " \t\r";

std::string_view trimmed(std::string_view text) {
  std::size_t begin = text.find_first_not_of(k_blanks);
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(k_blanks) - begin + 1);
}

/// The lines without the blanks around them; comments are empty lines.
std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = trimmed(text.substr(0, end));
    lines.push_back(line.starts_with('#') ? std::string_view() : line);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

/// Takes the next word off `text`.
std::string_view take_word(std::string_view& text) {
  text = trimmed(text);
  std::size_t end = std::min(text.find_first_of(k_blanks), text.size());
  std::string_view word = text.substr(0, end);
  text = trimmed(text.substr(end));
  return word;
}

using Done = std::expected<void, std::string>;

/// A duration from the start of the test, with a sign.
Done read_time(std::string_view text, std::int64_t& result) {
  bool negative = text.starts_with('-');
  std::expected<std::int64_t, std::string> duration = parse_duration(text.substr(negative ? 1 : 0));
  if (!duration) return std::unexpected(duration.error());
  result = negative ? -*duration : *duration;
  return {};
}

class ScriptParser {
 public:
  explicit ScriptParser(std::string_view text) : lines_(lines_of(text)) {}

  std::expected<std::vector<Command>, std::string> parse() {
    std::vector<Command> commands;
    for (; next_ < lines_.size(); ++next_) {
      if (lines_[next_].empty()) continue;
      std::size_t line = next_ + 1;
      std::expected<Command, std::string> command = parse_command();
      if (!command) return std::unexpected(std::to_string(next_ + 1) + ": " + command.error());
      command->line = line;
      commands.push_back(std::move(*command));
    }
    return commands;
  }

 private:
  std::expected<Command, std::string> parse_command() {
    std::string_view rest = lines_[next_];
    std::string word = lower_case(take_word(rest));
    if (word == "clear") return Command{0, Clear{}};
    if (word == "load" || word == "load_with_nhcb") return parse_load(rest, word != "load");
    if (word.starts_with("eval")) return parse_evaluation(word, rest);
    return std::unexpected("invalid command " + quoted(lines_[next_]));
  }

  /// Moves to the next line of the block; false at its end.
  bool next_of_block() {
    if (next_ + 1 >= lines_.size() || lines_[next_ + 1].empty()) return false;
    ++next_;
    return true;
  }

  std::expected<Command, std::string> parse_load(std::string_view step, bool with_native_histograms) {
    Load load;
    load.with_native_histograms = with_native_histograms;
    if (Done done = read_time(step, load.step_ms); !done) return std::unexpected(done.error());
    bool default_start_times = false;
    bool start_times = false;
    while (next_of_block()) {
      std::string_view line = lines_[next_];
      std::string_view first = line.substr(0, line.find_first_of(k_blanks));
      if (first.ends_with("@st")) {
        (first == "@st" ? default_start_times : start_times) = true;
        continue;
      }
      std::expected<SeriesDescription, std::string> series = parse_series_description(line);
      if (!series) return std::unexpected(series.error());
      load.series.push_back({std::move(*series), start_times || default_start_times});
      start_times = false;
    }
    return Command{0, std::move(load)};
  }

  std::expected<Command, std::string> parse_evaluation(std::string_view word, std::string_view rest) {
    Evaluation evaluation;
    evaluation.line = next_ + 1;
    std::string_view kind = take_word(rest);
    evaluation.is_range = kind == "range";
    Done head =
        evaluation.is_range ? parse_range_head(evaluation, rest) : parse_instant_head(evaluation, rest);
    if (!head) return std::unexpected(head.error());
    evaluation.ordered = word == "eval_ordered";
    evaluation.fails = word == "eval_fail";
    if (word == "eval_warn") evaluation.warnings.emplace_back();
    if (word == "eval_info") evaluation.infos.emplace_back();
    while (next_of_block()) {
      std::expected<bool, std::string> more = parse_expectation(evaluation, lines_[next_]);
      if (!more) return std::unexpected(more.error());
      if (!*more) break;
    }
    return Command{0, std::move(evaluation)};
  }

  static Done parse_instant_head(Evaluation& evaluation, std::string_view rest) {
    if (rest.starts_with("at ") || rest.starts_with("at\t")) {
      take_word(rest);
      if (Done done = read_time(take_word(rest), evaluation.start_ms); !done) return done;
    }
    evaluation.end_ms = evaluation.start_ms;
    evaluation.expr = rest;
    return {};
  }

  static Done parse_range_head(Evaluation& evaluation, std::string_view rest) {
    if (Done done = parse_times(rest, evaluation.start_ms, evaluation.end_ms, evaluation.step_ms); !done)
      return done;
    evaluation.expr = rest;
    return {};
  }

  /// "from A to B step C".
  static Done parse_times(std::string_view& rest, std::int64_t& from, std::int64_t& to, std::int64_t& step) {
    struct Part {
      std::string_view word;
      std::int64_t* time;
    };
    for (auto [word, time] : {Part{"from", &from}, Part{"to", &to}, Part{"step", &step}}) {
      if (take_word(rest) != word) return std::unexpected("expected " + quoted(word));
      if (Done done = read_time(take_word(rest), *time); !done) return done;
    }
    return {};
  }

  /// One line under an eval; false when it is the last that counts.
  std::expected<bool, std::string> parse_expectation(Evaluation& evaluation, std::string_view line) {
    if (line.find("{{") != line.npos) evaluation.mentions_histograms = true;
    std::string_view rest = line;
    std::string_view word = take_word(rest);
    if (evaluation.fails && (word == "expected_fail_message" || word == "expected_fail_regexp")) {
      evaluation.failure = word == "expected_fail_message" ? Wording{std::string(rest), nullptr} : Wording{};
      if (word == "expected_fail_message") return false;
      std::expected<Regex, std::string> regex = Regex::compile(rest);
      if (!regex) return std::unexpected(regex.error());
      evaluation.failure->regex = std::make_shared<const Regex>(std::move(*regex));
      return false;
    }
    if (word == "expect") {
      Done done = parse_expect(evaluation, rest);
      if (!done) return std::unexpected(done.error());
      return true;
    }
    if (std::optional<double> number = parse_number(line)) {
      evaluation.scalar = number;
      return false;
    }
    std::expected<SeriesDescription, std::string> series = parse_series_description(line);
    if (!series) return std::unexpected(series.error());
    evaluation.series.push_back({std::move(series->labels), std::move(series->values)});
    return true;
  }

  static Done parse_expect(Evaluation& evaluation, std::string_view rest) {
    std::string_view what = take_word(rest);
    if (what == "string") {
      std::optional<std::string> text = unquoted(rest);
      if (!text) return std::unexpected("expected string literal not valid: " + std::string(rest));
      evaluation.text = std::move(text);
      return {};
    }
    if (what == "range") {
      take_word(rest);  // "vector"
      evaluation.range_vector = true;
      std::int64_t end = 0;
      return parse_times(rest, evaluation.points_start_ms, end, evaluation.points_step_ms);
    }
    std::expected<Wording, std::string> wording = parse_wording(rest);
    if (!wording) return std::unexpected(wording.error());
    if (what == "ordered")
      evaluation.ordered = true;
    else if (what == "no_warn")
      evaluation.no_warning = true;
    else if (what == "no_info")
      evaluation.no_info = true;
    else if (what == "warn")
      evaluation.warnings.push_back(std::move(*wording));
    else if (what == "info")
      evaluation.infos.push_back(std::move(*wording));
    else if (what == "fail") {
      evaluation.fails = true;
      evaluation.failure = std::move(*wording);
    } else {
      return std::unexpected("invalid expectation " + quoted(what));
    }
    return {};
  }

  /// "", "msg: TEXT" or "regex: EXPRESSION".
  static std::expected<Wording, std::string> parse_wording(std::string_view rest) {
    Wording wording;
    if (rest.starts_with("msg:")) {
      wording.message = std::string(trimmed(rest.substr(4)));
    } else if (rest.starts_with("regex:")) {
      std::expected<Regex, std::string> regex = Regex::compile(trimmed(rest.substr(6)));
      if (!regex) return std::unexpected(regex.error());
      wording.regex = std::make_shared<const Regex>(std::move(*regex));
    } else if (!rest.empty()) {
      return std::unexpected("invalid token after expect: " + quoted(rest));
    }
    return wording;
  }

  std::vector<std::string_view> lines_;
  std::size_t next_ = 0;
};

}  // namespace

bool Wording::matches(std::string_view text) const {
  if (message) return *message == text;
  return regex == nullptr || regex->found_in(text);
}

std::string Wording::describe() const {
  if (message) return quoted(*message);
  return regex == nullptr ? "anything" : "a match of the given expression";
}

std::expected<std::vector<Command>, std::string> parse_script(std::string_view text) {
  return ScriptParser(text).parse();
}

}  // namespace pgvigil::promql::conformance
