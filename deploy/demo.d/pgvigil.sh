# shellcheck shell=bash disable=SC2154  # variables of deploy/demo and lib.sh
# The demo's pgvigil, and whom it tells: a sink that stands for Slack. Sourced by deploy/demo.

# A demo asks more often than the defaults do, and waits for less: nobody wants to look at it for minutes.
write_configuration() {
  cat >"$home/pgvigil.toml" <<EOT
[http]
listen = "127.0.0.1:$pgvigil_port"

[server]
dsn = "host=127.0.0.1 port=$postgres_port user=pgvigil dbname=payments"
password_file = "$home/pgvigil.password"

[state]
directory = "$home/state"

[rules]
evaluation_interval = "5s"

[[backup]]
tool = "dumps"
directory = "$home/backup/sets"
drills = "$home/backup/drills"
every = "10s"
policy = { max_age = "26h", encrypted = true, restored_within = "7d" }

[collector.backups]
every = "5s"

[collector.connections]
every = "5s"

[collector.lock_waits]
every = "5s"

[collector.replication_standbys]
every = "5s"

[receiver.on_call]
type = "slack"
url = "http://127.0.0.1:$sink_port/"

[[route]]
match = ['severity=~"critical|warning"']
receivers = ["on_call"]

[notify]
group_wait = "2s"
group_interval = "5s"
EOT
}

start_sink() {
  touch "$home/messages"
  start_service sink TERM -- python3 "$parts/slack_sink" "$sink_port" "$home/messages"
  wait_until 20 get "http://127.0.0.1:$sink_port/"
}

start_pgvigil() {
  write_configuration
  mkdir "$home/state" "$home/rules.d"
  start_service pgvigil TERM -- "$pgvigil" run --config "$home/pgvigil.toml"
  wait_until 20 get "$pgvigil_url/readyz"
}
