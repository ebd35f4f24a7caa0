#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "rules/advice/advice.h"

namespace pgvigil::agent {

/// What all advisors make of one server.
struct Report {
  std::string server;  ///< its name, or empty when there is one without
  std::string about;   ///< "127.0.0.1:5432, primary, Postgres 15.20"
  std::vector<rules::advice::Opinion> opinions;
};

/// Whether anything is advised that needs no more time to be proven.
bool has_advice(const Report& report);

/// For people: grouped by kind, the greatest impact first; then what is too early to tell, and who could not
/// look.
std::string as_text(const Report& report);

/// A script for psql, which stops at the first error: what needs thought, and every undo, is a comment. Each
/// database has its \connect.
std::string as_sql(const Report& report);

/// {"server", "about", "opinions": […]}, see advice_json.h; of several reports a list.
std::string as_json(const std::vector<Report>& reports);

}  // namespace pgvigil::agent
