#include "collectors/backups/surroundings/live_server.h"

#include <charconv>
#include <functional>

#include "collectors/model/instant.h"

namespace pgvigil::backups {
namespace {

constexpr std::string_view k_sql = R"(select c.system_identifier, s.setting, d.datname,
       (select setting from pg_settings where name = 'data_directory'),
       current_setting('server_version_num'),
       case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_lsn() end - '0/0'
  from pg_control_system() c,
       (select setting from pg_settings where name = 'wal_segment_size') s,
       pg_database d
 where d.datallowconn and not d.datistemplate)";

/// With summarize_wal on.
constexpr std::string_view k_summaries_sql =
    R"(select extract(epoch from (s.setting || s.unit)::interval)::bigint,
       (select min(start_lsn) - '0/0' from pg_available_wal_summaries())
  from pg_settings s
 where s.name = 'wal_summary_keep_time' and current_setting('summarize_wal') = 'on')";
constexpr std::uint64_t k_first_with_summaries = 170000;

constexpr std::string_view k_tablespaces_sql = R"(select oid, spcname, pg_tablespace_location(oid)
  from pg_tablespace
 where spcname not in ('pg_default', 'pg_global')
 order by spcname)";

/// pgBackRest names its session since 2.39; Barman and pg_basebackup let the server send the files.
constexpr std::string_view k_sessions_sql = R"(select coalesce(a.application_name, ''),
       extract(epoch from a.backend_start)::bigint, p.pid is not null, p.backup_total, p.backup_streamed
  from pg_stat_activity a
  left join pg_stat_progress_basebackup p on p.pid = a.pid
 where p.pid is not null or a.application_name like 'pgBackRest [backup%')";

/// Of those whose size this role may ask for.
constexpr std::string_view k_sizes_sql = R"(select datname, pg_database_size(oid)
  from pg_database
 where datallowconn and (has_database_privilege(oid, 'connect') or pg_has_role('pg_read_all_stats', 'usage')))";

/// Never negative: pg_control_system() gives a bigint, whose upper half would be.
std::uint64_t number_of(std::optional<std::string_view> text) {
  std::int64_t value = 0;
  if (text) std::from_chars(text->data(), text->data() + text->size(), value);
  return static_cast<std::uint64_t>(value);
}

std::optional<std::uint64_t> number_or_nothing(std::optional<std::string_view> text) {
  return text ? std::optional(number_of(text)) : std::nullopt;
}

std::string text_of(std::optional<std::string_view> text) {
  return std::string(text.value_or(""));
}

class EachRow final : public RowHandler {
 public:
  explicit EachRow(std::function<void(const Row&)> take) : take_(std::move(take)) {}
  std::expected<void, Error> begin(std::span<const std::string_view> /*columns*/) override { return {}; }
  void row(const Row& row) override { take_(row); }

 private:
  std::function<void(const Row&)> take_;
};

class Questions {
 public:
  Questions(postgres::Connection& connection, Deadline deadline)
      : connection_(connection), deadline_(deadline) {}

  std::expected<void, Error> ask_facts() {
    return ask(k_sql, [this](const Row& row) {
      server.system_identifier = number_of(row.text(0));
      server.wal_segment_size = number_of(row.text(1));
      server.databases.emplace_back(text_of(row.text(2)));
      server.data_directory = text_of(row.text(3));
      server.version = number_of(row.text(4));
      server.wal_position = number_or_nothing(row.text(5));
    });
  }

  /// Who may not ask does without.
  void ask_more(Ask sizes) {
    (void)ask(k_tablespaces_sql, [this](const Row& row) {
      server.tablespaces.push_back(
          {.oid = text_of(row.text(0)), .name = text_of(row.text(1)), .location = text_of(row.text(2))});
    });
    (void)ask(k_sessions_sql, [this](const Row& row) {
      const auto since = number_or_nothing(row.text(1));
      server.sessions.push_back(
          {.application = text_of(row.text(0)),
           .since = since ? std::optional(timestamp_of(static_cast<std::int64_t>(*since))) : std::nullopt,
           .streams = row.text(2) == "t",
           .size = number_or_nothing(row.text(3)),
           .done = number_or_nothing(row.text(4))});
    });
    if (server.version >= k_first_with_summaries)
      (void)ask(k_summaries_sql, [this](const Row& row) {
        server.summaries = LiveServer::Summaries{.kept = std::chrono::seconds{number_of(row.text(0))},
                                                 .oldest = number_or_nothing(row.text(1))};
      });
    // Last: it may take its time.
    if (sizes == Ask::facts_and_sizes)
      (void)ask(k_sizes_sql, [this](const Row& row) {
        server.database_sizes[text_of(row.text(0))] = number_of(row.text(1));
      });
  }

  LiveServer server;

 private:
  std::expected<void, Error> ask(std::string_view sql, std::function<void(const Row&)> take) {
    EachRow rows(std::move(take));
    auto asked = connection_.query(sql, {}, deadline_, rows);
    if (!asked) return std::unexpected(asked.error());
    return {};
  }

  postgres::Connection& connection_;
  const Deadline deadline_;
};

}  // namespace

std::expected<LiveServer, Error> read_live_server(const postgres::ConnectionSettings& settings,
                                                  const postgres::Interrupt& interrupt,
                                                  Deadline deadline,
                                                  Ask ask) {
  auto connection = postgres::Connection::open(settings, interrupt, deadline);
  if (!connection) return std::unexpected(connection.error());
  Questions questions(*connection, deadline);
  if (auto asked = questions.ask_facts(); !asked) return std::unexpected(asked.error());
  questions.ask_more(ask);
  return std::move(questions.server);
}

}  // namespace pgvigil::backups
