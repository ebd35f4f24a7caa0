#pragma once

#include <vector>

#include "agent/options/kinds.h"
#include "agent/options/variable_name.h"
#include "collectors/postgres/connection_settings.h"

namespace pgvigil::agent {

/// Reports a password that stands in the section, and keys that say the same thing twice.
void check_credentials(Section& section);

/// Appends the keys that say who connects. `place` leads from the target to its ConnectionSettings.
template <typename Target, typename Place>
void append_credentials(std::vector<Option<Target>>& options,
                        Place place,
                        std::string_view user_meaning,
                        std::string_view user_preset) {
  using kinds::text;
  options.push_back(text<Target>(
      "user", "string", [place](Target & t) -> auto& { return place(t).user; }, user_meaning, user_preset));
  options.push_back(text<Target>(
      "user_file", "path", [place](Target & t) -> auto& { return place(t).user_file; },
      "A file that holds the user; read at each connect.", "none"));
  options.push_back(text<Target>(
      "password_file", "path", [place](Target & t) -> auto& { return place(t).password_file; },
      "A file that holds the password; read at each connect, so that a rotated one is taken up.", "none"));
  options.push_back(
      {"password_variable", "string", "none", "The environment variable that holds the password.",
       [place](Section& section, Target& target) {
         auto name = section.string("password_variable");
         if (!name) return;
         if (!is_variable_name(*name))
           return section.report("password_variable", "'password_variable' is no name of a variable",
                                 "Write the variable's name, not the password itself.");
         place(target).password_variable = std::move(*name);
       }});
}

}  // namespace pgvigil::agent
