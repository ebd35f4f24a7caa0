#pragma once

#include <string_view>

/// What the page of the configuration says between its tables.
namespace pgvigil::agent::reference_text {

inline constexpr std::string_view k_head = R"(# Configuration

This page is made by `pgvigil docs configuration` from the tables that the parser walks.

pgvigil runs without a configuration: the environment then names the server. With one
(`pgvigil run --config pgvigil.toml`) every section and every key is optional. The file is TOML, read strictly: an
unknown key, a wrong type or an impossible value is a mistake, and all mistakes are told at once, with file, line,
column and the nearest word that would be right. `pgvigil check` reads the same and connects as well.

A changed file, SIGHUP and a POST to `/-/reload` read everything again. A file with mistakes changes nothing: the
configuration before it stays in force, the log and a metric say so.

Durations are text with units: `"500ms"`, `"15s"`, `"1m30s"`, `"2h"`, `"7d"`. Relative paths are relative to the
configuration file. Globs are those of the shell: `*`, `?`, `[abc]`.

```toml
[server]
dsn = "host=127.0.0.1 dbname=payments user=pgvigil"
password_file = "/run/secrets/pgvigil/password"
databases = ["*", "!template*"]

[labels]
cluster = "payments-eu"

[collector.stat_user_tables]
every = "1m"
filter.schemaname = ["public", "audit_*", "!*_old"]
```

)";

inline constexpr std::string_view k_server_head = R"(## [server] or [[server]]

The Postgres server that is watched. Several are a list, for those beside which no sidecar can stand:

```toml
[[server]]
name = "orders"
dsn = "host=orders.example.net dbname=orders user=pgvigil"
password_file = "/run/secrets/orders"

[[server]]
name = "billing"
dsn = "host=billing.example.net dbname=billing user=pgvigil"
password_file = "/run/secrets/billing"
labels = { team = "finance" }
```

Each is watched for itself, with sessions and threads of its own: one that is frozen or away holds up no other. A
reload that changes one of them leaves the sessions of the others as they are.

)";

inline constexpr std::string_view k_server_tail = R"(
`[server.labels]` (in a list: `labels = { ... }`) are further labels of this server's series; they go before those of
`[labels]` with the same name.

The name stands in the label `target`, because both names that lie nearer are taken: `instance` is Prometheus's own
label for what it scrapes, and `server` is postgres_exporter's for an address. Dashboards that tell servers apart by
`instance` work unchanged when Prometheus copies one into the other:

```yaml
scrape_configs:
  - job_name: postgres
    static_configs:
      - targets: ["pgvigil:9187"]
    metric_relabel_configs:
      - source_labels: [target]
        regex: (.+)
        target_label: instance
```

)";

inline constexpr std::string_view k_pooler_head = R"(## [[pooler]]

A pooler, watched through its console; as many as there are. A file that names poolers and no server watches the poolers
only, unless `DATA_SOURCE_NAME` or `DATA_SOURCE_URI` names a server.

```toml
[[pooler]]
name = "payments-pool"
dsn = "host=127.0.0.1 port=6432 user=pgvigil"
password_file = "/run/secrets/pgvigil"
labels = { pod = "payments-pool-0" }
```

PgBouncer lets the user in that its own configuration names: `stats_users = pgvigil`, and a line in `auth_file`.

)";

inline constexpr std::string_view k_backup_head = R"(## [backup] or [[backup]]

Where backups of a server are, and what they must be like; several are a list. [backups.md](backups.md) tells what the
verdict means and how each tool is set up beside pgvigil. A file that names backups and no server watches the backups
only, unless the environment names a server.

```toml
[[backup]]
tool = "pgbackrest"
stanza = "main"
drills = "/var/lib/pgvigil/drills"
policy = { max_age = "30h", max_age_full = "8d", encrypted = true, restored_within = "35d" }

[[backup]]
tool = "dumps"
directory = "/backup/dumps"
policy = { max_age = "26h", daily = 7, weekly = 4, monthly = 12 }
```

)";

inline constexpr std::string_view k_module_head = R"(## [auth_module.NAME]

`/probe?target=HOST:PORT&auth_module=NAME` has the form of postgres_exporter's. The first probe of a target begins to
watch it, with timers and sessions like those of a configured server, and waits for the first numbers for a moment
(`[probe] wait`); every later one is answered from what is there. The name of a configured server is a target, too, and
needs no module. Without any module no other target is accepted. A file that has modules and no server watches what
is probed only, unless `DATA_SOURCE_NAME` or `DATA_SOURCE_URI` names a server.

```toml
[auth_module.rds]
targets = ["*.eu-central-1.rds.amazonaws.com:5432"]
user = "pgvigil"
password_file = "/run/secrets/rds"
options = { sslmode = "require" }
```

```yaml
scrape_configs:
  - job_name: postgres
    metrics_path: /probe
    params:
      auth_module: [rds]
    static_configs:
      - targets: ["orders.abc.eu-central-1.rds.amazonaws.com:5432"]
    relabel_configs:
      - source_labels: [__address__]
        target_label: __param_target
      - source_labels: [__param_target]
        target_label: instance
      - target_label: __address__
        replacement: pgvigil:9187
```

)";

inline constexpr std::string_view k_module_tail = R"(
`options` are connection parameters of libpq, such as `sslmode` and `dbname` (without it the database is `postgres`).

A target is `host:port`, `host:port/database` or `postgresql://host:port/database?sslmode=...`. It holds no user and no
password, and no other parameter: those are the module's. Its series carry the label `target` with its address.

)";

inline constexpr std::string_view k_collector_head = R"(## [collector.NAME]

What is changed of one collector, built in or of your own. `pgvigil check` lists their names.

)";

inline constexpr std::string_view k_advice_head = R"(## [advice.KIND]

When each kind of advice is given: what each is, and where these numbers come from, is in [advice.md](advice.md).
`enabled = false` switches a kind off. Sizes are text (`"10MB"`), durations too (`"30d"`).

```toml
[advice.unused_index]
min_age = "60d"

[advice.oversized_result]
enabled = false
```

)";

inline constexpr std::string_view k_receivers_head = R"(## [receiver.NAME]

Somebody who is told. `type` says how, and which further keys there are. A secret stands in a file or in a variable of
the environment, and is read before each message.

```toml
[receiver.dba]
type = "slack"
url_file = "/run/secrets/slack-webhook"

[[route]]
match = ['severity="critical"']
receivers = ["dba"]
repeat_interval = "1h"
```

Every receiver has:

)";

inline constexpr std::string_view k_tail = R"(
`filter.LABEL`, a list of globs, leaves rows out by the text of one of the collector's labels: a row stays when its
label matches one of the globs (any text does where all globs exclude), and none of those that begin with `!`:

```toml
[collector.stat_user_tables]
filter.schemaname = ["!pg_temp_*"]
filter.relname = ["tx_*", "!tx_staging"]
```

## [filter]

The same for all collectors at once: each that has the label takes the filter, unless its own section has one for that
label. Rows without the label's value count as empty text. Which databases are visited at all, `[server] databases` says.

```toml
[filter]
schemaname = ["!pg_temp_*", "!audit_*"]
relname = ["!*_old"]
```

## [labels]

Labels that every series carries, each with its text: `cluster = "payments-eu"`. A label that a collector gives by
itself (`datname`) is refused.

## [environment_labels]

Further ones, whose text a variable of the environment has: `pod = "POD_NAME"`. So a pod's own name, namespace and node
reach every series by Kubernetes's downward API, with one configuration for all pods. A variable that is empty or not set
gives no label; a label that `[labels]` has, too, keeps the text that it has there.

## The environment

A `dsn` in the file decides alone. Without one the environment names the server, with the variables of
postgres_exporter; `user`, `user_file`, `password_file` and `password_variable` of the file then go before those of
the environment. The first that is set is taken:

| variable | meaning |
|---|---|
| `DATA_SOURCE_NAME` | A connection string or URI, user and password included. One server: a list with commas is refused. |
| `DATA_SOURCE_URI` | Host, port, database and parameters, without scheme and user: `db:5432/payments?sslmode=require`. |
| `DATA_SOURCE_URI_FILE` | A file that holds the same; read when the configuration is, and watched. |
| `PGHOST`, `PGPORT`, `PGUSER`, `PGPASSFILE`, `PGSERVICE` and so on | What libpq takes for itself. |

Beside the last three:

| variable | meaning |
|---|---|
| `DATA_SOURCE_USER_FILE`, `DATA_SOURCE_USER` | The user. The file wins, and is read at each connect. |
| `DATA_SOURCE_PASS_FILE`, `DATA_SOURCE_PASS` | The password. The file wins, and is read at each connect. |

User and password are taken as they are: no character has to be escaped. A variable that is empty counts as not set.

## Collectors of your own

Every `*.toml` in `collectors.d` beside the configuration file (or in `[collect] directory`) is a collector. It adds
to the built-in ones, or replaces the one whose name it has. Entries that begin with a dot are passed over, so that a
mounted ConfigMap can be the folder.
)";

}  // namespace pgvigil::agent::reference_text
