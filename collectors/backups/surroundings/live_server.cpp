#include "collectors/backups/surroundings/live_server.h"

#include <charconv>

namespace pgvigil::backups {
namespace {

constexpr std::string_view k_sql = R"(select c.system_identifier, s.setting, d.datname,
       (select setting from pg_settings where name = 'data_directory'),
       current_setting('server_version_num')
  from pg_control_system() c,
       (select setting from pg_settings where name = 'wal_segment_size') s,
       pg_database d
 where d.datallowconn and not d.datistemplate)";

/// Never negative: pg_control_system() gives a bigint, whose upper half would be.
std::uint64_t number_of(std::optional<std::string_view> text) {
  std::int64_t value = 0;
  if (text) std::from_chars(text->data(), text->data() + text->size(), value);
  return static_cast<std::uint64_t>(value);
}

/// With summarize_wal on.
constexpr std::string_view k_summaries_sql = R"(select extract(epoch from (s.setting || s.unit)::interval)::bigint,
       (select min(start_lsn) - '0/0' from pg_available_wal_summaries())
  from pg_settings s
 where s.name = 'wal_summary_keep_time' and current_setting('summarize_wal') = 'on')";
constexpr std::uint64_t k_first_with_summaries = 170000;

class LiveRows final : public RowHandler {
 public:
  std::expected<void, Error> begin(std::span<const std::string_view> /*columns*/) override { return {}; }
  void row(const Row& row) override {
    server.system_identifier = number_of(row.text(0));
    server.wal_segment_size = number_of(row.text(1));
    server.databases.emplace_back(row.text(2).value_or(""));
    server.data_directory = row.text(3).value_or("");
    version = number_of(row.text(4));
  }
  LiveServer server;
  std::uint64_t version = 0;
};

class SummaryRows final : public RowHandler {
 public:
  std::expected<void, Error> begin(std::span<const std::string_view> /*columns*/) override { return {}; }
  void row(const Row& row) override {
    summaries.emplace();
    summaries->kept = std::chrono::seconds{number_of(row.text(0))};
    if (row.text(1)) summaries->oldest = number_of(row.text(1));
  }
  std::optional<LiveServer::Summaries> summaries;
};

}  // namespace

std::expected<LiveServer, Error> read_live_server(const postgres::ConnectionSettings& settings,
                                                  const postgres::Interrupt& interrupt,
                                                  Deadline deadline) {
  auto connection = postgres::Connection::open(settings, interrupt, deadline);
  if (!connection) return std::unexpected(connection.error());
  LiveRows rows;
  if (auto asked = connection->query(k_sql, {}, deadline, rows); !asked) return std::unexpected(asked.error());
  if (rows.version < k_first_with_summaries) return std::move(rows.server);
  SummaryRows summaries;
  // Who may not ask does without.
  if (connection->query(k_summaries_sql, {}, deadline, summaries)) rows.server.summaries = summaries.summaries;
  return std::move(rows.server);
}

}  // namespace pgvigil::backups
