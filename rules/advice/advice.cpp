#include "rules/advice/advice.h"

namespace pgvigil::rules::advice {
namespace {

constexpr std::uint64_t k_fnv_basis = 14695981039346656037ULL;
constexpr std::uint64_t k_fnv_prime = 1099511628211ULL;

/// `text` and an end mark, so that ("ab", "c") is another than ("a", "bc").
std::uint64_t hash(std::uint64_t state, std::string_view text) {
  for (const char c : text)
    state = (state ^ static_cast<unsigned char>(c)) * k_fnv_prime;
  return state * k_fnv_prime;
}

}  // namespace

std::string to_string(const Object& object) {
  const std::string schema = object.schemaname.empty() ? "" : object.schemaname + ".";
  std::string text = schema + (object.name.empty() ? object.relname : object.name);
  if (!object.name.empty() && !object.relname.empty()) text += " on " + object.relname;
  if (!object.datname.empty()) text += " in " + object.datname;
  return text;
}

std::string_view to_string(Confidence confidence) {
  switch (confidence) {
    case Confidence::low:
      return "low";
    case Confidence::medium:
      return "medium";
    case Confidence::high:
      return "high";
  }
  return "";
}

std::string advice_id(std::string_view kind, const Object& object) {
  std::uint64_t state = k_fnv_basis;
  for (const std::string_view part :
       {kind, std::string_view(object.datname), std::string_view(object.schemaname),
        std::string_view(object.relname), std::string_view(object.name)})
    state = hash(state, part);
  constexpr std::string_view k_digits = "0123456789abcdef";
  std::string text(16, '0');
  for (std::size_t i = text.size(); i-- > 0; state >>= 4)
    text[i] = k_digits[state & 15];
  return text;
}

}  // namespace pgvigil::rules::advice
