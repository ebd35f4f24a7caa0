#include "rules/promql/regex/regex.h"

#include <algorithm>
#include <charconv>

#include "rules/promql/regex/program.h"
#include "rules/promql/regex/syntax.h"
#include "rules/promql/text.h"

namespace pgvigil::promql {
namespace {

constexpr std::size_t k_longest_pattern = 32 * 1024;

/// The group that `name` means: a number or the name of a group.
std::optional<RegexGroup> find_group(std::string_view name,
                                     const std::vector<std::string>& names,
                                     const RegexGroups& groups) {
  std::size_t number = 0;
  auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error == std::errc{} && end == name.data() + name.size()) {
    return number < groups.size() ? groups[number] : std::nullopt;
  }
  auto named = std::find(names.begin(), names.end(), name);
  auto index = static_cast<std::size_t>(named - names.begin());
  return named != names.end() && index < groups.size() ? groups[index] : std::nullopt;
}

struct Reference {
  std::string_view name;
  std::size_t end;  ///< behind the reference
};

/// The reference whose "$" stands before `begin`: name or {name}. Nothing when there is none.
std::optional<Reference> read_reference(std::string_view text, std::size_t begin) {
  bool braces = begin < text.size() && text[begin] == '{';
  std::size_t name_begin = begin + (braces ? 1 : 0);
  std::size_t end = name_begin;
  while (end < text.size() &&
         ((text[end] >= '0' && text[end] <= '9') || is_plain_label_name(text.substr(end, 1)))) {
    ++end;
  }
  std::string_view name = text.substr(name_begin, end - name_begin);
  if (name.empty()) return std::nullopt;
  if (!braces) return Reference{name, end};
  if (end >= text.size() || text[end] != '}') return std::nullopt;
  return Reference{name, end + 1};
}

}  // namespace

Regex::Regex(std::unique_ptr<const RegexProgram> program) : program_(std::move(program)) {}
Regex::Regex(Regex&&) noexcept = default;
Regex& Regex::operator=(Regex&&) noexcept = default;
Regex::~Regex() = default;

std::expected<Regex, std::string> Regex::compile(std::string_view pattern) {
  if (pattern.size() > k_longest_pattern) return std::unexpected("expression too large");
  std::expected<RegexSyntax, std::string> syntax = parse_regex(pattern);
  if (!syntax) return std::unexpected(syntax.error());
  auto program = RegexProgram::compile(*syntax);
  if (!program) return std::unexpected(program.error());
  return Regex(std::move(*program));
}

bool Regex::matches(std::string_view text) const {
  if (program_->literals) {
    const std::vector<std::string>& literals = *program_->literals;
    return std::find(literals.begin(), literals.end(), text) != literals.end();
  }
  if (program_->shapes) {
    const std::vector<RegexShape>& shapes = *program_->shapes;
    return std::any_of(shapes.begin(), shapes.end(),
                       [&](const RegexShape& shape) { return shape.matches(text); });
  }
  return run_regex(*program_, text, RegexAnchoring::whole_text, nullptr);
}

std::optional<RegexGroups> Regex::match_groups(std::string_view text) const {
  RegexGroups groups;
  if (!run_regex(*program_, text, RegexAnchoring::whole_text, &groups)) return std::nullopt;
  return groups;
}

bool Regex::found_in(std::string_view text) const {
  return run_regex(*program_, text, RegexAnchoring::anywhere, nullptr);
}

std::string Regex::expand(std::string_view replacement,
                          std::string_view text,
                          const RegexGroups& groups) const {
  std::string result;
  for (std::size_t i = 0; i < replacement.size();) {
    if (replacement[i] != '$') {
      result += replacement[i++];
      continue;
    }
    ++i;
    if (i < replacement.size() && replacement[i] == '$') {
      result += '$';
      ++i;
    } else if (std::optional<Reference> reference = read_reference(replacement, i)) {
      if (std::optional<RegexGroup> group = find_group(reference->name, program_->group_names, groups)) {
        result += text.substr(group->begin, group->end - group->begin);
      }
      i = reference->end;
    } else {
      result += '$';
    }
  }
  return result;
}

const std::optional<std::vector<std::string>>& Regex::literals() const {
  return program_->literals;
}

}  // namespace pgvigil::promql
