#pragma once

#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "rules/promql/error.h"
#include "rules/promql/value.h"

namespace pgvigil::rules {

namespace templates {
struct Parsed;
struct Record;
}  // namespace templates

/// What is wrong in a template, and where: `offset` bytes into its text.
struct TemplateError {
  std::string message;  ///< lower case, no full stop
  std::size_t offset = 0;

  bool operator==(const TemplateError&) const = default;
};

/// What a template may show.
struct TemplateData {
  promql::LabelsPtr labels = promql::Labels::none();           ///< $labels
  promql::LabelsPtr external_labels = promql::Labels::none();  ///< $externalLabels
  std::string external_url = {};                               ///< $externalURL
  double value = 0;                                            ///< $value
  /// Answers `query "EXPR"`; without it the function is an error.
  std::function<promql::Expected<promql::Vector>(std::string_view)> query = {};
  /// What `.` holds instead of Labels, Value, ExternalLabels and ExternalURL: for texts about more than one
  /// alert.
  std::shared_ptr<const templates::Record> record = {};
};

/// An annotation in the template language of Prometheus's rule files: Go's text/template with the data and
/// the functions that Prometheus gives alerts. Left out: define, template and block, toTime, tableLink,
/// graphLink. Immutable: threads may share it.
class Template {
 public:
  static std::expected<Template, TemplateError> parse(std::string_view text);

  /// The text for `data`. At most 64 KiB, and a bounded number of steps: beyond that it is an error.
  std::expected<std::string, TemplateError> render(const TemplateData& data) const;
  /// The expressions of `query "EXPR"` that are written out in it.
  std::vector<std::string> queries() const;
  /// The labels that it reads: $labels.NAME.
  std::vector<std::string> labels() const;
  /// Whether it shows $value.
  bool reads_value() const;

 private:
  explicit Template(std::shared_ptr<const templates::Parsed> parsed) : parsed_(std::move(parsed)) {}
  std::shared_ptr<const templates::Parsed> parsed_;
};

}  // namespace pgvigil::rules
