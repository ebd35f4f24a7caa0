#include "collectors/postgres/server_facts.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <functional>

#include "collectors/postgres/connection.h"

namespace pgvigil::postgres {
namespace {

/// Everything as rows of (key, value, detail), so that one round trip brings it all. Predefined roles are those with an
/// OID below FirstNormalObjectId; to look at their names would fail where a name is in another encoding.
constexpr std::string_view k_facts = R"sql(
select 'version_number' as key, current_setting('server_version_num') as value, '' as detail
union all select 'version', version(), ''
union all select 'short_version', current_setting('server_version'), ''
union all select 'standby', pg_is_in_recovery()::text, ''
union all select 'user', current_user, ''
union all select 'database', current_database(), ''
union all select 'superuser', (select rolsuper::text from pg_roles where rolname = current_user), ''
union all select 'postmaster_start', extract(epoch from pg_postmaster_start_time())::text, ''
union all select 'role', rolname, '' from pg_roles
           where oid < 16384 and pg_has_role(current_user, oid, 'USAGE')
union all select 'extension', extname, extversion from pg_extension
union all select 'database_name', datname, '' from pg_database
           where datallowconn and not datistemplate and has_database_privilege(oid, 'CONNECT')
 order by 1, 2)sql";

constexpr std::string_view k_system_identifier = "select system_identifier::text from pg_control_system()";

class FactReader : public RowHandler {
 public:
  explicit FactReader(std::function<void(const Row&)> read) : read_(std::move(read)) {}
  std::expected<void, Error> begin(std::span<const std::string_view>) override { return {}; }
  void row(const Row& row) override { read_(row); }

 private:
  std::function<void(const Row&)> read_;
};

template <typename Number>
Number number_of(std::string_view text) {
  Number number{};
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

void take(ServerFacts& facts, std::string_view key, std::string value, std::string detail) {
  if (key == "version_number") facts.version_number = number_of<int>(value);
  if (key == "version") facts.version = std::move(value);
  if (key == "short_version") facts.short_version = std::move(value);
  if (key == "standby") facts.role = value == "true" ? Role::standby : Role::primary;
  if (key == "user") facts.user = std::move(value);
  if (key == "database") facts.database = std::move(value);
  if (key == "superuser") facts.superuser = value == "true";
  if (key == "role") facts.roles.push_back(std::move(value));
  if (key == "extension") facts.extensions.push_back({std::move(value), std::move(detail)});
  if (key == "database_name") facts.databases.push_back(std::move(value));
  if (key == "postmaster_start")
    facts.postmaster_start =
        Timestamp(std::chrono::milliseconds(std::llround(number_of<double>(value) * 1000)));
}

}  // namespace

bool ServerFacts::has_role(std::string_view name) const {
  return superuser || std::ranges::find(roles, name) != roles.end();
}

bool ServerFacts::has_extension(std::string_view name) const {
  return std::ranges::find(extensions, name, &Extension::name) != extensions.end();
}

std::string_view to_string(Role role) {
  switch (role) {
    case Role::primary:
      return "primary";
    case Role::standby:
      return "standby";
  }
  return "";
}

std::expected<ServerFacts, Error> read_server_facts(Connection& connection, Deadline deadline) {
  ServerFacts facts;
  facts.endpoint = connection.endpoint();
  FactReader reader([&](const Row& row) {
    const auto text = [&](std::size_t column) { return std::string(row.text(column).value_or("")); };
    take(facts, text(0), text(1), text(2));
  });
  if (const auto read = connection.query(k_facts, {}, deadline, reader); !read)
    return std::unexpected(read.error());

  FactReader identifier([&](const Row& row) { facts.system_identifier = row.text(0).value_or(""); });
  const auto told = connection.query(k_system_identifier, {}, deadline, identifier);
  if (!told && !server_answered(told.error().kind)) return std::unexpected(told.error());
  return facts;
}

}  // namespace pgvigil::postgres
