#include "collectors/label_filter.h"

#include <fnmatch.h>

#include <algorithm>

namespace pgvigil::collectors {

bool LabelFilter::lets_pass(std::string_view text) const {
  const std::string subject(text);
  const auto matches = [&](const std::string& glob) {
    return fnmatch(glob.c_str(), subject.c_str(), 0) == 0;
  };
  return (include.empty() || std::ranges::any_of(include, matches)) && std::ranges::none_of(exclude, matches);
}

std::vector<std::string> chosen_by(const std::vector<std::string>& globs,
                                   const std::vector<std::string>& names) {
  LabelFilter filter;
  for (const std::string& glob : globs)
    if (glob.starts_with('!'))
      filter.exclude.push_back(glob.substr(1));
    else
      filter.include.push_back(glob);
  std::vector<std::string> chosen;
  std::ranges::copy_if(names, std::back_inserter(chosen),
                       [&](const auto& name) { return filter.lets_pass(name); });
  return chosen;
}

}  // namespace pgvigil::collectors
