#pragma once

#include "agent/config/options.h"

/// The sections that are there once, as option_groups() puts them together.
namespace pgvigil::agent {

OptionGroup<Config> http_group();
OptionGroup<Config> query_group();
OptionGroup<Config> log_group();
OptionGroup<Config> state_group();

OptionGroup<Config> history_group();
OptionGroup<Config> rules_group();
OptionGroup<Config> advice_group();

}  // namespace pgvigil::agent
