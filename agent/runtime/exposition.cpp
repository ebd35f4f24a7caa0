#include "agent/runtime/exposition.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

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

/// Prints the samples of one table, and hands the text on in pieces.
class TablePrinter {
 public:
  TablePrinter(const Table& table, Format format, std::string_view constant_labels, const TextSink& sink)
      : table_(table), format_(format), constant_labels_(constant_labels), sink_(sink) {
    for (const LabelName& label : table.schema().labels)
      label_heads_.push_back(label.text() + "=\"");
  }

  void print() {
    for (std::size_t metric = 0; metric < table_.schema().metrics.size(); ++metric)
      print_family(metric);
    if (!text_.empty()) sink_(text_);
  }

 private:
  void print_family(std::size_t position) {
    const Metric& metric = table_.schema().metrics[position];
    bool headed = false;
    for (std::size_t row = 0; row < table_.rows(); ++row) {
      if (!table_.has(row, position)) continue;
      if (!headed) print_head(metric);
      headed = true;
      text_ += metric.name.text();
      print_labels(metric, row);
      text_ += ' ';
      append_number(text_, table_.values(position)[row]);
      text_ += '\n';
      if (text_.size() >= k_piece) {
        sink_(text_);
        text_.clear();
      }
    }
  }

  void print_head(const Metric& metric) {
    const std::string& name = metric.name.text();
    const std::string_view type = type_word(metric.type, format_, name);
    const bool shares_name =
        format_ == Format::openmetrics && type == "counter" && has_family(name.substr(0, name.size() - 6));
    append_family_head(text_, format_, name, shares_name ? "unknown" : type, metric.help,
                       to_string(metric.unit));
  }

  bool has_family(std::string_view name) const {
    return std::ranges::any_of(table_.schema().metrics,
                               [&](const Metric& other) { return other.name.text() == name; });
  }

  void print_labels(const Metric& metric, std::size_t row) {
    char before = '{';
    const auto open = [&] {
      text_ += before;
      before = ',';
    };
    if (!constant_labels_.empty()) {
      open();
      text_ += constant_labels_;
    }
    for (std::uint16_t label : metric.labels) {
      open();
      text_ += label_heads_[label];
      append_escaped(text_, table_.label(row, label));
      text_ += '"';
    }
    if (before == ',') text_ += '}';
  }

  const Table& table_;
  Format format_;
  std::string_view constant_labels_;
  const TextSink& sink_;
  std::vector<std::string> label_heads_;
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
  TablePrinter(table, format, constant_labels, sink).print();
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
