#include "collectors/evidence/collected.h"

#include <utility>

#include "collectors/backups/model/reason.h"

namespace pgvigil::evidence {
namespace {

constexpr std::array<std::string_view, 2> k_words_words = {"as_is",
                                                           "ways_out_of_backup"};  // as the enumerators

std::vector<std::string> required_strings(Section& section, std::string_view key) {
  if (!section.require(key)) return {};
  auto strings = section.strings(key);
  if (strings && strings->empty()) section.report(key, "'" + std::string(key) + "' is empty");
  return strings.value_or(std::vector<std::string>());
}

std::string required_string(Section& section, std::string_view key) {
  if (!section.require(key)) return "";
  auto text = section.string(key);
  if (text && text->empty()) section.report(key, "'" + std::string(key) + "' is empty");
  return text.value_or("");
}

SeriesColumn read_text(const std::string& name, Section& section) {
  SeriesColumn column{name, required_string(section, "of"), required_string(section, "label")};
  if (const auto words = section.choice("words", k_words_words))
    column.words = Words{static_cast<std::uint8_t>(*words)};
  section.finish();
  return column;
}

}  // namespace

std::string in_words(Words words, std::string_view text) {
  switch (words) {
    case Words::as_is:
      return std::string(text);
    case Words::ways_out_of_backup: {
      const auto reason = backups::reason_of(text);
      return reason ? std::string(backups::way_out(*reason)) : "";
    }
  }
  return "";
}

Collected read_collected(Section& root) {
  Collected collected{.collectors = required_strings(root, "collectors"),
                      .by = required_strings(root, "by"),
                      .order = required_string(root, "order")};
  if (auto series = root.section("series"))
    for (auto& [name, expr] : series->string_map())
      collected.columns.push_back({name, std::move(expr)});
  if (auto texts = root.section("text"))
    for (auto& [name, section] : texts->children())
      collected.columns.push_back(read_text(name, section));
  collected.completes = root.strings("completes").value_or(std::vector<std::string>());
  for (Section remark : root.sections("remark")) {
    collected.remarks.push_back({required_string(remark, "when"), required_string(remark, "say")});
    remark.finish();
  }
  return collected;
}

}  // namespace pgvigil::evidence
