#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>
#include <map>
#include <sstream>
#include <string>

#include "agent/config/address.h"
#include "agent/config/limits.h"
#include "agent/config/options.h"
#include "agent/config/parse.h"
#include "agent/config/reference.h"

using namespace pgvigil;
using namespace pgvigil::agent;
using namespace std::chrono_literals;

namespace {

using Variables = std::map<std::string, std::string, std::less<>>;

const std::string k_mine = R"(name = "mine"
help = "Mine"
[[query]]
sql = "select 1 as n, 'x' as place"
[[metric]]
name = "my_number"
type = "gauge"
value = "n"
labels = ["place"]
help = "A number of mine."
)";

/// Surroundings with these variables and, in collectors.d beside the file, these definitions.
Surroundings around(Variables variables = {}, std::vector<collectors::DefinitionFile> definitions = {}) {
  return {[variables = std::move(variables)](std::string_view name) -> std::optional<std::string> {
            const auto found = variables.find(name);
            return found == variables.end() ? std::nullopt : std::optional(found->second);
          },
          [](const std::string&) { return std::unexpected(std::string("No such file or directory")); },
          [definitions = std::move(definitions)](const std::string& folder, bool required)
              -> std::expected<std::vector<collectors::DefinitionFile>, Diagnostics> {
            if (folder == "/etc/pgvigil/collectors.d") return definitions;
            if (!required) return std::vector<collectors::DefinitionFile>{};
            return std::unexpected(Diagnostics{{folder, 0, 0, "cannot read the directory: none", ""}});
          }};
}

Config good(const std::string& text, const Surroundings& surroundings = around()) {
  auto config = parse_config(ConfigFile{"/etc/pgvigil/pgvigil.toml", text}, surroundings);
  if (!config)
    for (const Diagnostic& diagnostic : config.error())
      UNSCOPED_INFO(to_string(diagnostic));
  REQUIRE(config);
  return std::move(*config);
}

/// The mistakes, a line each, without the file's name where it is the configuration's.
std::string mistakes(const std::string& text, const Surroundings& surroundings = around()) {
  const auto config = parse_config(ConfigFile{"c", text}, surroundings);
  if (config) return "";
  std::string lines;
  for (const Diagnostic& diagnostic : config.error())
    lines += to_string(diagnostic) + "\n";
  return lines;
}

const collectors::Definition& collector(const Config& config, std::string_view name) {
  const auto found = std::ranges::find(config.definitions, name, &collectors::Definition::name);
  REQUIRE(found != config.definitions.end());
  return *found;
}

}  // namespace

TEST_CASE("an empty file and no file at all mean the defaults", "[config]") {
  const auto without = parse_config(std::nullopt, around());
  REQUIRE(without);
  for (const Config& config : {good(""), *without}) {
    CHECK(config.http == HttpConfig{});
    CHECK(config.http.port == 9187);
    CHECK(config.log == LogConfig{});
    CHECK(config.servers[0].connection == postgres::ConnectionSettings{});
    CHECK(config.servers[0].origin == "libpq's environment (PG*)");
    CHECK(config.generation == collectors::Generation::v0_20);
    CHECK(config.stale_after == 3);
    CHECK_FALSE(config.definitions.empty());
  }
  CHECK(without->definitions_folder == "");
  CHECK(good("").definitions_folder == "/etc/pgvigil/collectors.d");
}

TEST_CASE("every key of the file arrives where it belongs", "[config]") {
  const Config config = good(R"(
[http]
listen = "127.0.0.1:9999"
threads = 2
query_threads = 3
max_connections = 10
[query]
timeout = "10s"
max_samples = 5000
max_response = "1MiB"
[log]
format = "json"
level = "warning"
[server]
dsn = "host=db password=secret"
user = "watcher"
password_file = "secrets/password"
max_connections = 1
connect_timeout = "2s"
lock_timeout = "50ms"
backoff_limit = "30s"
databases = ["*", "!template*"]
[labels]
cluster = "eu"
[compatibility]
postgres_exporter = "0.15"
[limits]
max_series = 1000
[collect]
stale_after = 5
[collector.stat_user_tables]
enabled = false
every = "2m"
timeout = "20s"
max_series = 77
filter.schemaname = ["public", "a*", "!*_old"]
filter.relname = ["!tmp*"]
)");
  CHECK(config.file == "/etc/pgvigil/pgvigil.toml");
  CHECK(config.http == HttpConfig{"127.0.0.1", 9999, 2, 3, 10});
  CHECK(config.query == QueryConfig{10s, 5'000, Bytes{1'048'576}});
  CHECK(config.log == LogConfig{LogFormat::json, LogLevel::warning});
  CHECK(config.servers[0].connection.dsn.reveal() == "host=db password=secret");
  CHECK(config.servers[0].connection.user == "watcher");
  CHECK(config.servers[0].connection.password_file == "/etc/pgvigil/secrets/password");
  CHECK(config.servers[0].origin == "/etc/pgvigil/pgvigil.toml");
  CHECK(config.servers[0].max_connections == 1);
  CHECK(config.servers[0].connect_timeout == 2s);
  CHECK(config.servers[0].lock_timeout == 50ms);
  CHECK(config.servers[0].backoff_limit == 30s);
  CHECK(config.servers[0].databases == std::vector<std::string>{"*", "!template*"});
  CHECK(config.labels == std::map<std::string, std::string>{{"cluster", "eu"}});
  CHECK(config.generation == collectors::Generation::v0_15);
  CHECK(config.max_series == 1000);
  CHECK(config.stale_after == 5);
  const auto& tables = collector(config, "stat_user_tables");
  CHECK_FALSE(tables.enabled);
  CHECK(tables.every == 2min);
  CHECK(tables.timeout == 20s);
  const CollectorConfig& changes = config.collectors.at("stat_user_tables");
  CHECK(changes.max_series == 77);
  REQUIRE(changes.filters.size() == 2);
  CHECK(changes.filters[0] == collectors::LabelFilter{"schemaname", {"public", "a*"}, {"*_old"}});
  CHECK(changes.filters[1] == collectors::LabelFilter{"relname", {}, {"tmp*"}});
}

TEST_CASE("all mistakes of a file are told at once, in the order of the lines", "[config]") {
  CHECK(mistakes(R"([http]
lisen = "x"
listen = "9187"
threads = 100
[server]
password = "secret"
dsn = "host=a,host=b"
user = "a"
user_file = "b"
databases = ["", "x"]
lock_timeout = "100"
password_variable = "NOPE"
password_file = "x"
[labels]
datname = "x"
"a-b" = "c"
empty = ""
[collector.lokcs]
every = "500ms"
[collector.stat_user_tables]
filter.schemname = ["x"]
evry = "1m"
[collector.stat_archiver]
filter.datname = ["x"]
[collector.settings.filter]
name = ["a"]
[logg]
[compatibility]
postgres_exporter = "0.19"
[collect]
directory = "nowhere"
)") == "c:2:1: unknown key 'lisen' (Did you mean 'listen'?)\n"
       "c:3:10: bad address '9187' (Write host:port, as \"127.0.0.1:9187\", \":9187\" or \"[::]:9187\".)\n"
       "c:4:11: 'threads' must be from 1 to 64, not 100\n"
       "c:6:12: a password does not stand in the configuration (Name a file that holds it: password_file = "
       "\"/run/secrets/password\".)\n"
       "c:7:7: 'dsn' names more than one server (Write a configuration with a [[server]] for each "
       "of them.)\n"
       "c:9:13: 'user' and 'user_file' exclude each other (Keep one of them.)\n"
       "c:10:14: an empty glob\n"
       "c:11:16: 'lock_timeout' must be a duration, not '100' (Write a number and a unit, in quotes: "
       "\"500ms\", "
       "\"15s\", \"1m30s\", \"2h\".)\n"
       "c:12:21: 'password_file' and 'password_variable' exclude each other (Keep one of them.)\n"
       "c:12:21: environment variable 'NOPE' is not set\n"
       "c:16:1: bad label name 'a-b' (A label name has letters, digits and '_' and begins with no digit.)\n"
       "c:17:9: label 'empty' is empty (An empty label is none: leave it out.)\n"
       "c:19:9: 'every' must be at least 1s, not 500ms\n"
       "c:22:1: unknown key 'evry' (Did you mean 'every'?)\n"
       "c:27:2: unknown key 'logg' (Did you mean 'log'?)\n"
       "c:29:21: 'postgres_exporter' must be one of 0.20, 0.15, off, not '0.19' (Did you mean '0.15'?)\n"
       "nowhere: cannot read the directory: none\n");
}

TEST_CASE("names of collectors and labels that are not there are named with the nearest", "[config]") {
  CHECK(mistakes("[collector.lokcs]\nenabled = true\n") ==
        "c:1:12: there is no collector 'lokcs' (Did you mean 'locks'?)\n");
  CHECK(mistakes("[collector.locks.filter]\nmod = [\"x\"]\n") ==
        "c:2:1: collector 'locks' has no label 'mod' (Did you mean 'mode'?)\n");
  CHECK(mistakes("[collector.locks.filter]\nwhatever = [\"x\"]\n") ==
        "c:2:1: collector 'locks' has no label 'whatever' (Its labels: datname, mode.)\n");
  CHECK(mistakes("[collector.settings.filter]\nname = [\"x\"]\n") ==
        "c:2:1: collector 'settings' has no rows to filter: each is a metric of its own\n");
  CHECK(mistakes("[collector.locks.filter]\nmode = [\"a\", \"!\"]\n") == "c:2:14: an empty glob\n");
  CHECK(mistakes("[collector]\nlocks = 1\n") ==
        "c:2:9: 'locks' must be a table, not an integer (Write [locks].)\n");
}

TEST_CASE("a label of the configuration that a metric carries itself is refused", "[config]") {
  CHECK(mistakes("[labels]\nmode = \"x\"\ncluster = \"eu\"\ncollector = \"y\"\n") ==
        "c:2:1: label 'mode' is one of metric 'pgvigil_locks' already (Rename it.)\n"
        "c:4:1: label 'collector' is one of a metric of pgvigil itself already (Rename it.)\n");
}

TEST_CASE("definitions of the user are read from collectors.d and can be changed like all others",
          "[config]") {
  const Surroundings surroundings = around({}, {{"/etc/pgvigil/collectors.d/mine.toml", k_mine}});
  const Config config = good("[collector.mine]\nevery = \"1h\"\nfilter.place = [\"x\"]\n", surroundings);
  CHECK(collector(config, "mine").every == 1h);
  CHECK(collector(config, "mine").file == "/etc/pgvigil/collectors.d/mine.toml");
}

TEST_CASE("mistakes of definition files stand beside those of the configuration", "[config]") {
  const Surroundings surroundings =
      around({}, {{"/etc/pgvigil/collectors.d/mine.toml", "name = \"mine\"\n" + k_mine}});
  const auto config = parse_config(
      ConfigFile{"/etc/pgvigil/pgvigil.toml", "[http]\nport = 1\n[collector.mine]\nevery = \"1h\"\n"},
      surroundings);
  REQUIRE_FALSE(config);
  REQUIRE(config.error().size() == 2);
  CHECK(to_string(config.error()[0]) ==
        "/etc/pgvigil/pgvigil.toml:2:1: unknown key 'port' (Known here: listen, threads, "
        "query_threads, max_connections.)");
  CHECK(config.error()[1].file == "/etc/pgvigil/collectors.d/mine.toml");
}

TEST_CASE("a file that is not TOML is one mistake", "[config]") {
  CHECK(mistakes("[http\nlisten = 1\n").starts_with("c:1:6: this is not TOML: "));
}

TEST_CASE("a wrong type in the place of a section is told once", "[config]") {
  CHECK(mistakes("server = 1\ncollect = 2\nlabels = 3\ncollector = 4\n") ==
        "c:1:10: 'server' must be a table, not an integer (Write [server].)\n"
        "c:2:11: 'collect' must be a table, not an integer (Write [collect].)\n"
        "c:3:10: 'labels' must be a table, not an integer (Write [labels].)\n"
        "c:4:13: 'collector' must be a table, not an integer (Write [collector].)\n");
}

TEST_CASE("the file's connection goes before the environment's", "[config]") {
  const Surroundings surroundings = around({{"DATA_SOURCE_URI", "env:5432/db"},
                                            {"DATA_SOURCE_USER", "env_user"},
                                            {"DATA_SOURCE_PASS", "env_password"},
                                            {"MY_PASSWORD", "mine"}});
  SECTION("a dsn decides alone") {
    const Config config = good("[server]\ndsn = \"host=file\"\n", surroundings);
    CHECK(config.servers[0].connection.dsn.reveal() == "host=file");
    CHECK(config.servers[0].connection.user == "");
    CHECK(config.servers[0].connection.password_variable == "");
    CHECK(config.servers[0].origin == "/etc/pgvigil/pgvigil.toml");
  }
  SECTION("an empty dsn is libpq's environment") {
    CHECK(good("[server]\ndsn = \"\"\n", surroundings).servers[0].connection ==
          postgres::ConnectionSettings{});
  }
  SECTION("without a dsn the file completes the environment") {
    const Config config =
        good("[server]\nlock_timeout = \"1s\"\npassword_variable = \"MY_PASSWORD\"\n", surroundings);
    CHECK(config.servers[0].connection.dsn.reveal() == "postgresql://env:5432/db");
    CHECK(config.servers[0].connection.user == "env_user");
    CHECK(config.servers[0].connection.password_variable == "MY_PASSWORD");
    CHECK(config.servers[0].origin == "DATA_SOURCE_URI");
  }
  SECTION("a user of the file replaces the environment's file, and the other way round") {
    const Surroundings files = around({{"DATA_SOURCE_USER_FILE", "/u"}, {"DATA_SOURCE_PASS_FILE", "/p"}});
    const Config config = good("[server]\nuser = \"me\"\npassword_file = \"/mine\"\n", files);
    CHECK(config.servers[0].connection.user == "me");
    CHECK(config.servers[0].connection.user_file == "");
    CHECK(config.servers[0].connection.password_file == "/mine");
  }
}

TEST_CASE("a mistake of the environment does not count when the file names the server", "[config]") {
  const Surroundings surroundings = around({{"DATA_SOURCE_NAME", "host=a,host=b"}});
  CHECK(mistakes("[server]\ndsn = \"host=c\"\n", surroundings) == "");
  CHECK(
      mistakes("", surroundings) ==
      "environment: DATA_SOURCE_NAME names more than one server (Write a configuration with a [[server]] for "
      "each of them.)\n");
}

TEST_CASE("no message holds a secret", "[config]") {
  const std::string all = mistakes(
      "[server]\ndsn = \"host=a password=hunter2,host=b\"\npassword = \"hunter2\"\n"
      "password_variable = \"hunter2-x\"\n");
  CHECK(all != "");
  CHECK_FALSE(all.contains("hunter2"));
}

TEST_CASE("addresses", "[config]") {
  CHECK(parse_address("127.0.0.1:9187") == Address{"127.0.0.1", 9187});
  CHECK(parse_address(":9187") == Address{"0.0.0.0", 9187});
  CHECK(parse_address("[::1]:80") == Address{"::1", 80});
  CHECK(parse_address("[fe80::1%eth0]:80") == Address{"fe80::1%eth0", 80});
  CHECK(parse_address("localhost:0") == Address{"localhost", 0});
  for (const char* bad : {"", "9187", "host", "host:", "host:x", "host:65536", "host:-1", "host:1x", "::1:80",
                          "[::1]", "[]:80", "[a]:80", "a b:80", "http://x:80", "[::1:80", "::1]:80"})
    CHECK_FALSE(parse_address(bad));
  CHECK(to_string(Address{"::1", 80}) == "[::1]:80");
  CHECK(to_string(Address{"a", 80}) == "a:80");
}

TEST_CASE("docs/configuration.md is what the parser knows", "[config]") {
  const std::string page = configuration_page();
  for (const auto& group : option_groups()) {
    CHECK(page.contains("\n## [" + std::string(group.section) + "]\n"));
    for (const auto& option : group.options) {
      INFO(group.section << "." << option.key);
      CHECK(page.contains("\n| `" + std::string(option.key) + "` | " + option.type + " | "));
      CHECK_FALSE(option.meaning.empty());
      CHECK(option.meaning.ends_with('.'));
      CHECK_FALSE(option.preset.empty());
    }
  }
  for (const auto& option : server_group().options)
    CHECK(page.contains("\n| `" + std::string(option.key) + "` | "));
  for (const auto& option : auth_module_group().options)
    CHECK(page.contains("\n| `" + std::string(option.key) + "` | "));
  for (const auto& option : collector_options())
    CHECK(page.contains("\n| `" + std::string(option.key) + "` | "));
#ifdef PGVIGIL_SOURCE_DIR
  std::ifstream stream(std::string(PGVIGIL_SOURCE_DIR) + "/docs/configuration.md");
  std::ostringstream committed;
  committed << stream.rdbuf();
  INFO("pgvigil docs configuration > docs/configuration.md");
  CHECK(committed.str() == page);
#endif
}

TEST_CASE("the documented example is a good configuration", "[config]") {
  const std::string page = configuration_page();
  const std::string_view fence = "```toml\n";
  std::size_t examples = 0;
  for (std::size_t at = page.find(fence); at != page.npos; at = page.find(fence, at + 1), ++examples) {
    const std::size_t begin = at + fence.size();
    good(page.substr(begin, page.find("```", begin) - begin));
  }
  CHECK(examples == 9);
}

namespace {

const std::string k_two_servers = R"(
[[server]]
name = "orders"
dsn = "host=orders"
password_file = "orders.pw"
labels = { team = "shop" }
[[server]]
name = "billing"
dsn = "host=billing"
max_connections = 3
[labels]
cluster = "eu"
team = "nobody"
)";

}  // namespace

TEST_CASE("a list of servers gives each its own settings and labels", "[config]") {
  const Config config = good(k_two_servers);
  REQUIRE(config.servers.size() == 2);
  CHECK(config.servers[0].name == "orders");
  CHECK(config.servers[0].connection.password_file == "/etc/pgvigil/orders.pw");
  CHECK(config.servers[0].max_connections == 2);
  CHECK(config.servers[1].connection.dsn.reveal() == "host=billing");
  CHECK(config.servers[1].max_connections == 3);
  using Labels = std::map<std::string, std::string>;
  CHECK(labels_of(config, config.servers[0]) ==
        Labels{{"cluster", "eu"}, {"target", "orders"}, {"team", "shop"}});
  CHECK(labels_of(config, config.servers[1]) ==
        Labels{{"cluster", "eu"}, {"target", "billing"}, {"team", "nobody"}});
}

TEST_CASE("the only server has no label of its own unless it has a name", "[config]") {
  const Config config = good("[server]\ndsn = \"host=a\"\n[server.labels]\nteam = \"shop\"\n");
  using Labels = std::map<std::string, std::string>;
  CHECK(labels_of(config, config.servers[0]) == Labels{{"team", "shop"}});
  const Config named = good("[server]\nname = \"a\"\n");
  CHECK(labels_of(named, named.servers[0]) == Labels{{"target", "a"}});
}

TEST_CASE("labels come from variables of the environment, too", "[config]") {
  const std::string text =
      "[server]\ndsn = \"host=a\"\n[labels]\ncluster = \"eu\"\n"
      "[environment_labels]\npod = \"POD_NAME\"\nnode = \"NODE_NAME\"\ncluster = \"CLUSTER\"\n";
  const Config config = good(text, around({{"POD_NAME", "orders-0"}, {"CLUSTER", "us"}}));
  CHECK(config.labels == std::map<std::string, std::string>{{"cluster", "eu"}, {"pod", "orders-0"}});
  CHECK(mistakes("[environment_labels]\ndatname = \"X\"\npod = \"\"\n").contains("label 'pod' is empty"));
  CHECK(mistakes("[environment_labels]\ndatname = \"X\"\n").contains("label 'datname' is one of metric"));
}

TEST_CASE("a list of servers does not ask the environment", "[config]") {
  const Config config =
      good(k_two_servers, around({{"DATA_SOURCE_NAME", "host=elsewhere"}, {"DATA_SOURCE_USER", "me"}}));
  CHECK(config.servers[1].connection.dsn.reveal() == "host=billing");
  CHECK(config.servers[1].connection.user.empty());
}

TEST_CASE("mistakes of a list of servers are named with their place", "[config]") {
  CHECK(mistakes(R"(
[[server]]
name = "a"
dsn = "host=a"
[[server]]
name = "a"
dns = "host=b"
[[server]]
dsn = "host=c"
password = "x"
[[server]]
name = "with space"
dsn = "host=d"
labels = { target = "y", kind = "z", le = "w" }
[labels]
target = "t"
)") == "c:5:1: missing key 'dsn'\n"
       "c:6:8: another server is called 'a' (Each needs a name of its own.)\n"
       "c:7:1: unknown key 'dns' (Did you mean 'dsn'?)\n"
       "c:8:1: missing key 'name'\n"
       "c:10:12: a password does not stand in the configuration (Name a file that holds it: password_file = "
       "\"/run/secrets/password\".)\n"
       "c:12:8: 'name' must be of 1 to 128 letters, digits and _-.:/\n"
       "c:14:12: label 'target' holds the server's name already (Rename it.)\n"
       "c:14:26: label 'kind' is one of a metric of pgvigil itself already (Rename it.)\n"
       "c:14:38: label 'le' is one of a metric of pgvigil itself already (Rename it.)\n"
       "c:16:1: label 'target' holds the server's name already (Rename it.)\n");
  CHECK(mistakes("[server.labels]\ndatname = \"x\"\n")
            .starts_with("c:2:1: label 'datname' is one of metric 'pg"));
  CHECK(mistakes("server = []\n") == "");
  CHECK(mistakes("server = [1]\n") ==
        "c:1:10: 'server' must be an array of tables, not an array (Write [[server]].)\n");
}

TEST_CASE("a collector's own label 'target' is refused where servers have names", "[config]") {
  auto definition = k_mine;
  definition.replace(definition.find("[\"place\"]"), 9, "[\"target\"]");
  const auto surroundings = around({}, {{"mine.toml", definition}});
  const auto with_name = parse_config(ConfigFile{"/etc/pgvigil/c", k_two_servers}, surroundings);
  REQUIRE_FALSE(with_name);
  CHECK(to_string(with_name.error().front()) ==
        "mine.toml:5: metric 'my_number' has the label 'target', which holds the server's name (Rename it, "
        "or leave the "
        "server's name out when there is only one.)");
  CHECK(parse_config(ConfigFile{"/etc/pgvigil/c", "[server]\ndsn = \"host=a\"\n[labels]\ncluster = \"x\"\n"},
                     surroundings));
}

TEST_CASE("no built-in collector gives the label that tells servers apart", "[config]") {
  CHECK(mistakes(k_two_servers) == "");
}

TEST_CASE("what a reload may leave running", "[config]") {
  const Config config = good(k_two_servers);
  Config other = config;
  other.http.port = 1;
  other.log.level = LogLevel::debug;
  other.servers.pop_back();
  CHECK(watch_alike(config, other));
  other.collectors["locks"].max_series = 3;
  CHECK_FALSE(watch_alike(config, other));
  Config third = config;
  third.definitions.front().every = 1min;
  CHECK_FALSE(watch_alike(config, third));
}

TEST_CASE("a canary and a share can be switched off", "[config]") {
  CHECK(good("").servers[0].canary == 10s);
  CHECK(good("[server]\ncanary = \"off\"").servers[0].canary == 0s);
  CHECK(good("[server]\ncanary = \"30s\"").servers[0].canary == 30s);
  CHECK(mistakes("[server]\ncanary = \"1ms\"").find("'canary' must be at least 1s, or \"off\"") !=
        std::string::npos);
  CHECK(good("").database_share == 0.01);
  const Config config = good("[limits]\ndatabase_share = 0\n[collector.locks]\ndatabase_share = 0.5");
  CHECK(config.database_share == 0);
  CHECK(config.collectors.at("locks").database_share == 0.5);
  CHECK(mistakes("[limits]\ndatabase_share = -1").find("must be from 0 to 64") != std::string::npos);
}

TEST_CASE("auth modules say who connects, and where to", "[config]") {
  const Config config = good(R"(
[probe]
max_targets = 3
forget_after = "1m"
wait = "500ms"
[auth_module.rds]
targets = ["*.example.net:5432", "!test-*"]
user = "watcher"
password_file = "rds.pw"
options = { sslmode = "require", dbname = "shop" }
)");
  CHECK(config.servers.empty());  // what is probed, and nothing else
  CHECK(config.probe == ProbeConfig{3, 1min, 500ms});
  const AuthModule& module = config.auth_modules.at("rds");
  CHECK(module.targets == std::vector<std::string>{"*.example.net:5432", "!test-*"});
  CHECK(module.credentials.user == "watcher");
  CHECK(module.credentials.password_file == "/etc/pgvigil/rds.pw");
  CHECK(module.options == std::map<std::string, std::string>{{"dbname", "shop"}, {"sslmode", "require"}});
  Config other = config;
  other.auth_modules.clear();
  other.probe.max_targets = 1;
  CHECK(watch_alike(config, other));
}

TEST_CASE("mistakes of an auth module are named with their place", "[config]") {
  CHECK(mistakes(R"([auth_module.a]
usr = "x"
password = "hunter2"
options = { host = "h", sslmode = "require" }
[auth_module.b]
targets = []
password_variable = "NOPE"
[labels]
target = "x"
)") == "c:1:1: missing key 'targets'\n"
       "c:2:1: unknown key 'usr' (Did you mean 'user'?)\n"
       "c:3:12: a password does not stand in the configuration (Name a file that holds it: password_file = "
       "\"/run/secrets/password\".)\n"
       "c:4:13: 'host' is no option of an auth module (The target says where, and the module's own keys say "
       "who.)\n"
       "c:6:11: no target is allowed (Write globs such as \"*.example.net:5432\".)\n"
       "c:7:21: environment variable 'NOPE' is not set\n"
       "c:9:1: label 'target' holds the server's name already (Rename it.)\n");
}

TEST_CASE("a general filter is every collector's, unless it has its own for that label", "[config]") {
  const Config config = good(R"([filter]
schemaname = ["public", "!*_old"]
relname = ["!tmp_*"]
[collector.stat_user_tables]
filter.schemaname = ["audit"]
)");
  const auto sizes = limits_of(config, "table_size").filters;
  REQUIRE(sizes.size() == 2);
  CHECK(sizes == config.filters);
  const auto tables = limits_of(config, "stat_user_tables").filters;
  REQUIRE(tables.size() == 2);
  CHECK(tables[0].include == std::vector<std::string>{"audit"});
  CHECK(tables[1] == sizes[1 - (sizes[1].label == "schemaname" ? 1 : 0)]);
  CHECK(mistakes("[filter]\nrelnam = [\"x\"]\n") ==
        "c:2:1: no collector has a label 'relnam' (Did you mean 'relname'?)\n");
  CHECK(mistakes("[filter]\nrelname = \"x\"\n").find("list of strings") != std::string::npos);
}
