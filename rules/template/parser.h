#pragma once

#include <expected>
#include <string_view>

#include "rules/template/ast.h"
#include "rules/template/template.h"

namespace pgvigil::rules::templates {

struct Parsed {
  Nodes nodes;
};

std::expected<Parsed, TemplateError> parse(std::string_view text);

}  // namespace pgvigil::rules::templates
