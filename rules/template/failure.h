#pragma once

#include <cstddef>
#include <expected>
#include <string>
#include <utility>

#include "rules/template/template.h"

namespace pgvigil::rules::templates {

template <typename T>
using Result = std::expected<T, TemplateError>;

inline std::unexpected<TemplateError> failure(std::string message, std::size_t offset) {
  return std::unexpected(TemplateError{std::move(message), offset});
}

}  // namespace pgvigil::rules::templates
