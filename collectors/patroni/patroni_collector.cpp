#include "collectors/patroni/patroni_collector.h"

#include <utility>

#include "collectors/patroni/answers.h"
#include "collectors/patroni/sources.h"

namespace pgvigil::patroni {

PatroniCollector::PatroniCollector(Get get) : get_(std::move(get)) {}

Outcome PatroniCollector::collect(const collectors::Plan& plan,
                                  const collectors::CollectLimits& limits,
                                  Deadline deadline,
                                  const std::stop_token& stop) {
  // The definition was validated: the word is one of k_source_words, which are paths.
  const std::string& source = plan.query->sql;
  const auto body = get_("/" + source, deadline, stop);
  if (!body) return body.error();
  const bool is_metrics = source == k_source_words[static_cast<std::size_t>(Source::metrics)];
  const auto read = is_metrics ? parse_metrics(*body) : parse_cluster(*body);
  if (!read) return read.error();
  const auto rows = collectors::make_rows(plan, limits);
  if (const auto given = read->give(*rows); !given) return given.error();
  if (rows->fault()) return *rows->fault();
  return rows->finish(std::chrono::system_clock::now());
}

}  // namespace pgvigil::patroni
