#include "collectors/backups/live_server.h"

#include <charconv>

namespace pgvigil::backups {
namespace {

constexpr std::string_view k_sql = R"(select c.system_identifier, s.setting, d.datname
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

class LiveRows final : public RowHandler {
 public:
  std::expected<void, Error> begin(std::span<const std::string_view> /*columns*/) override { return {}; }
  void row(const Row& row) override {
    server.system_identifier = number_of(row.text(0));
    server.wal_segment_size = number_of(row.text(1));
    server.databases.emplace_back(row.text(2).value_or(""));
  }
  LiveServer server;
};

}  // namespace

std::expected<LiveServer, Error> read_live_server(const postgres::ConnectionSettings& settings,
                                                  const postgres::Interrupt& interrupt,
                                                  Deadline deadline) {
  auto connection = postgres::Connection::open(settings, interrupt, deadline);
  if (!connection) return std::unexpected(connection.error());
  LiveRows rows;
  if (auto asked = connection->query(k_sql, {}, deadline, rows); !asked) return std::unexpected(asked.error());
  return std::move(rows.server);
}

}  // namespace pgvigil::backups
