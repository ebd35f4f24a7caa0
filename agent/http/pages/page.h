#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/http/message.h"
#include "collectors/model/units.h"

/// What the pages for people are made of: HTML that needs no script and nothing from outside.
namespace pgvigil::agent {

/// & < > " as HTML wants them, in text and in attributes.
std::string escaped(std::string_view text);
/// "90 s", "5 min", "3 h", "12 d".
std::string age(double seconds);
/// The same since `at`; "never" without it.
std::string age_of(std::optional<Timestamp> at, Timestamp now);
/// "5 min ago" or "in 5 min", and the time of day; "never" without it.
std::string when(std::optional<Timestamp> at, Timestamp now);
/// "12:01:30 UTC (in 5 min)"; without the distance when it is past.
std::string moment(Timestamp at, Timestamp now);

/// From the doctype to the links below the heading. `here` is the path of the page.
std::string page_begin(std::string_view here, std::string_view version);
std::string page_end();
/// A page as it is sent: the browser is told to load nothing and to run nothing.
Response page_response(std::string html);

/// A table that becomes a list of cards where the screen is narrow.
class HtmlTable {
 public:
  enum class Align : std::uint8_t { left, right };
  struct Column {
    std::string_view heading;  ///< as HTML
    Align align = Align::left;
  };
  struct Cell {
    Cell(std::string cell_html, std::string_view cell_css = {}) : html(std::move(cell_html)), css(cell_css) {}
    Cell(std::string_view cell_html) : html(cell_html) {}
    Cell(const char* cell_html) : html(cell_html) {}
    std::string html;
    std::string_view css = {};  ///< its classes
  };

  explicit HtmlTable(std::initializer_list<Column> columns);
  void row(std::initializer_list<Cell> cells);
  /// Goes over all columns.
  void remark(std::string_view html);
  std::string html() const;

 private:
  std::vector<Column> columns_;
  std::string rows_;
};

}  // namespace pgvigil::agent
