#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "collectors/toml/document.h"

namespace pgvigil::evidence {

/// What is shown of a label: its text, or what a dictionary of pgvigil says of that.
enum class Words : std::uint8_t { as_is, ways_out_of_backup };

/// The text of a label in those words; empty where there are none for it.
std::string in_words(Words words, std::string_view text);

/// A column that is read from series: their value, or the text of a label of theirs, one after the other
/// where several are of one row.
struct SeriesColumn {
  std::string name;
  std::string expr;        ///< PromQL
  std::string label = {};  ///< empty: the value is shown
  Words words = Words::as_is;
};

/// What is said below the rows while the expression gives anything.
struct Remark {
  std::string when;  ///< PromQL
  std::string say;
};

/// Evidence of series that are there already: nothing is asked of the server. A series is of a row when it
/// has no other value for any label that tells rows apart; one without such a label is of all rows.
struct Collected {
  std::vector<std::string> collectors;  ///< that give these series
  std::vector<std::string> by;          ///< labels that tell rows apart, each a column
  std::string order;                    ///< PromQL: a row for each of its series, the greatest value first
  std::vector<SeriesColumn> columns;
  std::vector<std::string> completes;  ///< columns that a query of the server fills, where nothing else did
  std::vector<Remark> remarks;
};

/// The keys of a definition file that are about this.
Collected read_collected(Section& root);

}  // namespace pgvigil::evidence
