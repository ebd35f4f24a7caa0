#include "agent/watching/exposition/exposition.h"

#include <array>
#include <charconv>
#include <cmath>
#include <deque>
#include <unordered_map>
#include <vector>

namespace pgvigil::agent {
namespace {

constexpr std::size_t k_piece = 64 * 1024;

std::string_view type_word(MetricType type, Format format, std::string_view name) {
  switch (type) {
    case MetricType::gauge:
      return "gauge";
    case MetricType::counter:
      return format == Format::openmetrics && !name.ends_with("_total") ? "unknown" : "counter";
    case MetricType::untyped:
      return format == Format::openmetrics ? "unknown" : "untyped";
  }
  return "untyped";
}

void append_escaped_help(std::string& text, Format format, std::string_view help) {
  for (char c : help) {
    if (c == '\\')
      text += "\\\\";
    else if (c == '\n')
      text += "\\n";
    else if (c == '"' && format == Format::openmetrics)
      text += "\\\"";
    else
      text += c;
  }
}

/// Prints the samples of tables, and hands the text on in pieces.
class TablePrinter {
 public:
  TablePrinter(std::span<const LabelledTable> tables, Format format, const TextSink& sink)
      : format_(format), sink_(sink) {
    for (const LabelledTable& table : tables) {
      auto& source = sources_.emplace_back(table.table, table.constant_labels, std::vector<std::string>{});
      for (const LabelName& label : table.table.schema().labels)
        source.label_heads.push_back(label.text() + "=\"");
    }
    for (const Source& source : sources_)
      add_families(source);
  }

  void print() {
    for (const Family& family : families_)
      print_family(family);
    if (!text_.empty()) sink_(text_);
  }

 private:
  struct Source {
    const Table& table;
    std::string_view constant_labels;
    std::vector<std::string> label_heads;
  };
  /// The columns of one metric.
  struct Column {
    const Source* source;
    std::size_t position;
  };
  using Family = std::vector<Column>;

  void add_families(const Source& source) {
    const auto& metrics = source.table.schema().metrics;
    for (std::size_t position = 0; position < metrics.size(); ++position) {
      const auto [place, is_new] = places_.emplace(metrics[position].name.text(), families_.size());
      if (is_new) families_.emplace_back();
      families_[place->second].push_back({&source, position});
    }
  }

  void print_family(const Family& family) {
    bool headed = false;
    for (const auto& [source, position] : family) {
      const Metric& metric = source->table.schema().metrics[position];
      for (std::size_t row = 0; row < source->table.rows(); ++row) {
        if (!source->table.has(row, position)) continue;
        if (!headed) print_head(metric);
        headed = true;
        text_ += metric.name.text();
        print_labels(*source, metric, row);
        text_ += ' ';
        append_number(text_, source->table.values(position)[row]);
        text_ += '\n';
        if (text_.size() >= k_piece) {
          sink_(text_);
          text_.clear();
        }
      }
    }
  }

  void print_head(const Metric& metric) {
    const std::string& name = metric.name.text();
    const std::string_view type = type_word(metric.type, format_, name);
    const bool shares_name = format_ == Format::openmetrics && type == "counter" &&
                             places_.contains(std::string_view(name).substr(0, name.size() - 6));
    append_family_head(text_, format_, name, shares_name ? "unknown" : type, metric.help,
                       to_string(metric.unit));
  }

  void print_labels(const Source& source, const Metric& metric, std::size_t row) {
    char before = '{';
    const auto open = [&] {
      text_ += before;
      before = ',';
    };
    if (!source.constant_labels.empty()) {
      open();
      text_ += source.constant_labels;
    }
    for (std::uint16_t label : metric.labels) {
      open();
      text_ += source.label_heads[label];
      append_escaped(text_, source.table.label(row, label));
      text_ += '"';
    }
    if (before == ',') text_ += '}';
  }

  Format format_;
  const TextSink& sink_;
  std::deque<Source> sources_;                                // never moved: columns point at them
  std::vector<Family> families_;                              // in the order in which they are met
  std::unordered_map<std::string_view, std::size_t> places_;  // in families_, by name
  std::string text_;
};

}  // namespace

std::string_view content_type(Format format) {
  switch (format) {
    case Format::text:
      return "text/plain; version=0.0.4; charset=utf-8";
    case Format::openmetrics:
      return "application/openmetrics-text; version=1.0.0; charset=utf-8";
  }
  return "";
}

Format negotiate(std::string_view accept) {
  while (!accept.empty()) {
    const std::size_t comma = accept.find(',');
    std::string_view range = accept.substr(0, comma);
    accept.remove_prefix(comma == std::string_view::npos ? accept.size() : comma + 1);
    if (range.find("application/openmetrics-text") == std::string_view::npos) continue;
    const bool other_version = range.find("version=") != std::string_view::npos &&
                               range.find("version=1.0.0") == std::string_view::npos;
    const bool refused = range.ends_with("q=0") || range.ends_with("q=0.0");
    if (!other_version && !refused) return Format::openmetrics;
  }
  return Format::text;
}

std::string constant_labels(const std::map<std::string, std::string>& labels) {
  std::string text;
  for (const auto& [name, value] : labels) {
    if (!text.empty()) text += ',';
    text += name + "=\"";
    append_escaped(text, value);
    text += '"';
  }
  return text;
}

void render(const Table& table, Format format, std::string_view constant_labels, const TextSink& sink) {
  const LabelledTable only{table, constant_labels};
  render({&only, 1}, format, sink);
}

void render(std::span<const LabelledTable> tables, Format format, const TextSink& sink) {
  TablePrinter(tables, format, sink).print();
}

void append_family_head(std::string& text,
                        Format format,
                        std::string_view name,
                        std::string_view type,
                        std::string_view help,
                        std::string_view unit) {
  std::string_view family = name;
  if (format == Format::openmetrics && type == "counter" && family.ends_with("_total"))
    family.remove_suffix(6);
  const auto line = [&](std::string_view keyword) {
    text += keyword;
    text += family;
    text += ' ';
  };
  if (!help.empty()) {
    line("# HELP ");
    append_escaped_help(text, format, help);
    text += '\n';
  }
  line("# TYPE ");
  text += type;
  text += '\n';
  if (format == Format::openmetrics && !unit.empty() && family.ends_with("_" + std::string(unit))) {
    line("# UNIT ");
    text += unit;
    text += '\n';
  }
}

void append_escaped(std::string& text, std::string_view value) {
  std::size_t plain = 0;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const char c = value[i];
    if (c != '\\' && c != '"' && c != '\n') continue;
    text += value.substr(plain, i - plain);
    text += '\\';
    text += c == '\n' ? 'n' : c;
    plain = i + 1;
  }
  text += value.substr(plain);
}

void append_number(std::string& text, double value) {
  if (std::isnan(value)) {
    text += "NaN";
  } else if (std::isinf(value)) {
    text += value > 0 ? "+Inf" : "-Inf";
  } else {
    std::array<char, 32> digits{};
    const auto [end, fault] = std::to_chars(digits.data(), digits.data() + digits.size(), value);
    text.append(digits.data(), end);
  }
}

}  // namespace pgvigil::agent
