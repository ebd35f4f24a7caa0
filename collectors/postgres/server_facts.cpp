#include "collectors/postgres/server_facts.h"

#include <algorithm>
#include <charconv>
#include <functional>

#include "collectors/model/instant.h"
#include "collectors/postgres/connection.h"

namespace pgvigil::postgres {
namespace {

/// Everything as rows of (key, value, detail, place), so that one round trip brings it all. Predefined roles
/// are those with an OID below FirstNormalObjectId; to look at their names would fail where a name is in
/// another encoding.
constexpr std::string_view k_facts = R"sql(
select 'version_number' as key, current_setting('server_version_num') as value, '' as detail, '' as place
union all select 'version', version(), '', ''
union all select 'short_version', current_setting('server_version'), '', ''
union all select 'standby', pg_is_in_recovery()::text, '', ''
union all select 'user', current_user, '', ''
union all select 'database', current_database(), '', ''
union all select 'superuser', (select rolsuper::text from pg_roles where rolname = current_user), '', ''
union all select 'postmaster_start', extract(epoch from pg_postmaster_start_time())::text, '', ''
union all select 'role', rolname, '', '' from pg_roles
           where oid < 16384 and pg_has_role(current_user, oid, 'USAGE')
union all select 'extension', e.extname, e.extversion, n.nspname
            from pg_extension e join pg_namespace n on n.oid = e.extnamespace
union all select 'preloaded', setting, '', '' from pg_settings where name = 'shared_preload_libraries'
union all select 'database_name', datname, '', '' from pg_database
           where datallowconn and not datistemplate and datconnlimit <> -2 -- a DROP DATABASE was interrupted
             and has_database_privilege(oid, 'CONNECT')
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

/// The libraries of a setting such as '"$libdir/auto_explain", pg_stat_statements'.
std::vector<std::string> libraries_of(std::string_view setting) {
  std::vector<std::string> libraries(1);
  for (const char c : setting) {
    if (c == ',')
      libraries.emplace_back();
    else if (c != ' ' && c != '"')
      libraries.back() += c;
  }
  std::erase(libraries, "");
  return libraries;
}

void take(
    ServerFacts& facts, std::string_view key, std::string value, std::string detail, std::string place) {
  if (key == "version_number") facts.version_number = number_of<int>(value);
  if (key == "version") facts.version = std::move(value);
  if (key == "short_version") facts.short_version = std::move(value);
  if (key == "standby") facts.role = value == "true" ? Role::standby : Role::primary;
  if (key == "user") facts.user = std::move(value);
  if (key == "database") facts.database = std::move(value);
  if (key == "superuser") facts.superuser = value == "true";
  if (key == "role") facts.roles.push_back(std::move(value));
  if (key == "extension") facts.extensions.push_back({std::move(value), std::move(detail), std::move(place)});
  if (key == "preloaded") facts.preloaded = libraries_of(value);
  if (key == "database_name") facts.databases.push_back(std::move(value));
  if (key == "postmaster_start") facts.postmaster_start = timestamp_of(number_of<double>(value));
}

}  // namespace

bool ServerFacts::has_role(std::string_view name) const {
  return superuser || std::ranges::find(roles, name) != roles.end();
}

const Extension* ServerFacts::find_extension(std::string_view name) const {
  const auto found = std::ranges::find(extensions, name, &Extension::name);
  return found == extensions.end() ? nullptr : &*found;
}

bool ServerFacts::lacks_library(std::string_view name) const {
  const auto is_it = [&](std::string_view library) { return library.substr(library.rfind('/') + 1) == name; };
  return preloaded && std::ranges::none_of(*preloaded, is_it);
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
    take(facts, text(0), text(1), text(2), text(3));
  });
  if (const auto read = connection.query(k_facts, {}, deadline, reader); !read)
    return std::unexpected(read.error());

  FactReader identifier([&](const Row& row) { facts.system_identifier = row.text(0).value_or(""); });
  const auto told = connection.query(k_system_identifier, {}, deadline, identifier);
  if (!told && !server_answered(told.error().kind)) return std::unexpected(told.error());
  return facts;
}

std::expected<ServerFacts, Error> read_facts(Connection& connection, ServerKind kind, Deadline deadline) {
  return is_pooler(kind) ? read_pooler_facts(connection, kind, deadline)
                         : read_server_facts(connection, deadline);
}

std::expected<int, Error> parse_pooler_release(ServerKind kind, std::string_view text) {
  const auto wrong = [&](std::string_view what, std::string hint) {
    return std::unexpected(Error{ErrorKind::configuration,
                                 "this " + std::string(what) + ": its version is '" + std::string(text) + "'",
                                 std::move(hint)});
  };
  // PgBouncer and PgCat name themselves, pgpool-II and Odyssey give the number alone.
  const std::size_t begin = text.find_first_of("0123456789");
  const std::string_view product = text.substr(0, text.find(' '));
  if (begin != 0 && product != to_string(kind)) {
    for (const ServerKind other : {ServerKind::pgbouncer, ServerKind::pgcat})
      if (product == to_string(other))
        return wrong("is a " + std::string(product),
                     "Set the pooler's 'kind' to \"" + std::string(word_of(other)) + "\".");
    return wrong("is no " + std::string(to_string(kind)),
                 "Correct the pooler's 'kind', or its connection string.");
  }
  if (begin == std::string_view::npos) return wrong("pooler tells no version", "");
  const std::string_view digits = text.substr(begin);
  const std::size_t dot = digits.find('.');
  if (dot == std::string_view::npos) return wrong("pooler tells no version", "");
  return pooler_release(number_of<int>(digits.substr(0, dot)), number_of<int>(digits.substr(dot + 1)));
}

std::expected<ServerFacts, Error> read_pooler_facts(Connection& console, ServerKind kind, Deadline deadline) {
  ServerFacts facts;
  facts.kind = kind;
  facts.endpoint = console.endpoint();
  facts.user = console.user();
  facts.session = console.backend_pid();
  facts.database = console.database();
  FactReader reader([&](const Row& row) { facts.version = row.text(0).value_or(""); });
  const std::string_view question = kind == ServerKind::pgpool ? "SHOW POOL_VERSION" : "SHOW VERSION";
  if (const auto read = console.query(question, {}, deadline, reader); !read) {
    // A server behind the pooler knows no such parameter.
    if (read.error().kind != ErrorKind::undefined) return std::unexpected(read.error());
    return std::unexpected(Error{ErrorKind::configuration,
                                 "database " + facts.database + " is not the console of " +
                                     std::string(to_string(kind)) + ": " + read.error().message,
                                 "A console is a database of its own, such as dbname=pgbouncer: leave the "
                                 "database out of the connection string."});
  }
  const auto release = parse_pooler_release(kind, facts.version);
  if (!release) return std::unexpected(release.error());
  facts.version_number = *release;
  facts.short_version = facts.version.substr(facts.version.find_first_of("0123456789"));
  return facts;
}

}  // namespace pgvigil::postgres
