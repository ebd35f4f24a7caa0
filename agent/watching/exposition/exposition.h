#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "collectors/model/table.h"

namespace pgvigil::agent {

/// The two text formats that Prometheus reads: its own 0.0.4, and OpenMetrics 1.0.
enum class Format : std::uint8_t { text, openmetrics };

/// The Content-Type of a format.
std::string_view content_type(Format format);

/// The format that an Accept header asks for: OpenMetrics when it is named (with a quality above 0), else
/// text.
Format negotiate(std::string_view accept);

/// Labels that every series carries, as they are printed: `cluster="main",region="eu"`, or empty.
std::string constant_labels(const std::map<std::string, std::string>& labels);

/// Receives the exposition piece by piece, about 64 kB each.
using TextSink = std::function<void(std::string_view)>;

/// Prints a table, family by family; a family without a sample is left out. OpenMetrics knows counters only
/// with the suffix _total: a counter without it keeps its name there and has the type unknown.
void render(const Table& table, Format format, std::string_view constant_labels, const TextSink& sink);

/// A table of one server, and the labels that its series carry.
struct LabelledTable {
  const Table& table;
  std::string_view constant_labels;
};

/// Prints what the same collector gave on several servers: each family once, with the samples of all of them.
/// Their columns need not be the same, as the versions of the servers are not; a family's type and help are
/// those of the first table that has it.
void render(std::span<const LabelledTable> tables, Format format, const TextSink& sink);

/// Appends "# HELP", "# TYPE" and where it applies "# UNIT" of one family. `type` is Prometheus's word.
void append_family_head(std::string& text,
                        Format format,
                        std::string_view name,
                        std::string_view type,
                        std::string_view help,
                        std::string_view unit = {});

/// Appends a label value, escaped, without its quotes.
void append_escaped(std::string& text, std::string_view value);

/// Appends a sample value: the shortest text that reads back as the same double; NaN, +Inf and -Inf as both
/// formats spell them.
void append_number(std::string& text, double value);

}  // namespace pgvigil::agent
