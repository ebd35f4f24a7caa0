#include "collectors/patroni/answers.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>

#include "collectors/model/utf8.h"

namespace pgvigil::patroni {
namespace {

using nlohmann::json;

constexpr std::string_view k_prefix = "patroni_";

Error no_answer(std::string_view path, std::string_view what) {
  return {ErrorKind::query, "what Patroni answered to GET /" + std::string(path) + " is " + std::string(what),
          "Is it Patroni's REST API that 'patroni' names (restapi.connect_address)?"};
}

/// Takes from the front of `text` all characters that `belongs` accepts.
template <typename Predicate>
std::string_view take_while(std::string_view& text, Predicate belongs) {
  const auto end = std::ranges::find_if_not(text, belongs);
  const auto taken = text.substr(0, static_cast<std::size_t>(end - text.begin()));
  text.remove_prefix(taken.size());
  return taken;
}

bool take(std::string_view& text, char c) {
  if (!text.starts_with(c)) return false;
  text.remove_prefix(1);
  return true;
}

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\r';
}

bool in_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/// The text of a label, whose opening quote is gone; nothing when it does not end.
std::optional<std::string> take_label_text(std::string_view& text) {
  std::string value;
  while (!text.empty()) {
    const char c = text.front();
    text.remove_prefix(1);
    if (c == '"') return value;
    if (c != '\\' || text.empty()) {
      value += c;
      continue;
    }
    value += text.front() == 'n' ? '\n' : text.front();
    text.remove_prefix(1);
  }
  return std::nullopt;
}

/// A line of the exposition: `patroni_primary{scope="main"} 1`. Patroni puts a space before some braces.
struct Sample {
  std::string_view metric;
  std::map<std::string_view, std::string> labels;
  std::string_view value;
};

std::optional<Sample> parse_line(std::string_view line) {
  Sample sample;
  sample.metric = take_while(line, in_name);
  if (sample.metric.empty()) return std::nullopt;
  take_while(line, is_space);
  if (take(line, '{')) {
    while (!take(line, '}')) {
      take_while(line, [](char c) { return is_space(c) || c == ','; });
      const std::string_view name = take_while(line, in_name);
      if (!take(line, '=') || !take(line, '"')) return std::nullopt;
      auto text = take_label_text(line);
      if (!text) return std::nullopt;
      sample.labels.insert_or_assign(name, std::move(*text));
    }
    take_while(line, is_space);
  }
  sample.value = take_while(line, [](char c) { return !is_space(c); });
  double number = 0;
  const char* end = sample.value.data() + sample.value.size();
  const auto [at, fault] = std::from_chars(sample.value.data(), end, number);
  return fault == std::errc() && at == end ? std::optional(sample) : std::nullopt;
}

/// A number, or text that is one; nothing for anything else ("unknown").
TextRows::Cell number_at(const json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_number()) return std::nullopt;
  return found->dump();
}

TextRows::Cell text_at(const json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_string()) return std::nullopt;
  return found->get<std::string>();
}

std::string flag(bool value) {
  return value ? "1" : "0";
}

void add_member(const json& member, const TextRows::Cell& scope, TextRows& rows) {
  const auto name = text_at(member, "name");
  if (!name) return;
  const std::string role = text_at(member, "role").value_or("");
  const std::string state = text_at(member, "state").value_or("");
  const auto pending = member.find("pending_restart");
  rows.add_row();
  rows.set("scope", scope);
  rows.set("member", name);
  rows.set("role", role);
  rows.set("state", state);
  rows.set("leader", flag(role == "leader" || role == "standby_leader"));
  rows.set("running", flag(state == "running" || state == "streaming" || state == "in archive recovery"));
  rows.set("timeline", number_at(member, "timeline"));
  rows.set("lag", number_at(member, "lag"));
  rows.set("pending_restart", flag(pending != member.end() && pending->is_boolean() && pending->get<bool>()));
}

}  // namespace

std::expected<TextRows, Error> parse_metrics(std::string_view text) {
  if (!is_utf8(text)) return std::unexpected(no_answer("metrics", "no UTF-8"));
  std::map<std::pair<std::string, std::string>, std::map<std::string_view, std::string_view>> members;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (!line.starts_with(k_prefix)) continue;
    auto sample = parse_line(line);
    if (!sample) continue;
    auto labels = std::exchange(sample->labels, {});
    std::pair<std::string, std::string> member{std::move(labels["scope"]), std::move(labels["name"])};
    if (labels.size() == 2)
      members[member].insert_or_assign(sample->metric.substr(k_prefix.size()), sample->value);
  }
  if (members.empty()) return std::unexpected(no_answer("metrics", "without a metric of Patroni"));
  TextRows rows;
  for (const auto& [member, values] : members) {
    rows.add_row();
    rows.set("scope", member.first);
    rows.set("name", member.second);
    for (const auto& [column, value] : values)
      if (column != "scope" && column != "name") rows.set(column, std::string(value));
  }
  return rows;
}

std::expected<TextRows, Error> parse_cluster(std::string_view text) {
  const json all = json::parse(text, nullptr, false);
  if (all.is_discarded() || !all.is_object()) return std::unexpected(no_answer("cluster", "no JSON object"));
  const auto members = all.find("members");
  if (members == all.end() || !members->is_array())
    return std::unexpected(no_answer("cluster", "without members"));
  TextRows rows;
  for (const char* column :
       {"scope", "member", "role", "state", "leader", "running", "timeline", "lag", "pending_restart"})
    rows.declare(column);
  for (const json& member : *members)
    if (member.is_object()) add_member(member, text_at(all, "scope"), rows);
  return rows;
}

}  // namespace pgvigil::patroni
