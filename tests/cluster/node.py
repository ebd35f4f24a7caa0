"""One host of the cluster: etcd, Patroni with its Postgres, and pgvigil beside it."""

import json
import os
import re
import signal
import subprocess

import yaml

PROGRAMS = "/usr/lib/postgresql/15/bin"
PGVIGIL_PORT, PATRONI_PORT, ETCD_PORT, PEER_PORT = 9187, 8008, 2379, 2380

AGENT = """
[server]
dsn = "host=127.0.0.1 dbname=postgres user=postgres"
backoff_limit = "5s"
patroni = "http://{address}:8008"
[http]
listen = "{address}:9187"
[state]
directory = "{folder}/state"
[labels]
cluster = "shop"
[rules]
directories = ["{rules}"]
evaluation_interval = "5s"
instance = "{address}:9187"
job = "pgvigil"
[collector.patroni_members]
every = "5s"
[notify]
group_wait = "1s"
[receiver.alertmanagers]
type = "alertmanager"
urls = [{urls}]
"""


class Node:
    """`folder` belongs to postgres; `hosts` are all of the cluster."""

    def __init__(self, host, folder):
        self.host, self.folder, self.processes = host, folder / host.name, {}
        self.folder.mkdir(mode=0o700)
        (self.folder / "state").mkdir()

    def start(self, name, *words):
        with open(self.folder / f"{name}.log", "ab") as log:
            self.processes[name] = subprocess.Popen(self.host.words(*words), stdout=log, stderr=log, cwd="/",
                                                    start_new_session=True)  # fmt: skip

    def start_etcd(self, hosts):
        at = f"http://{self.host.address}"
        self.start("etcd", "etcd", "--name", self.host.name, "--data-dir", f"{self.folder}/etcd",
                   "--listen-client-urls", f"{at}:{ETCD_PORT}", "--advertise-client-urls", f"{at}:{ETCD_PORT}",
                   "--listen-peer-urls", f"{at}:{PEER_PORT}", "--initial-advertise-peer-urls", f"{at}:{PEER_PORT}",
                   "--initial-cluster", ",".join(f"{one.name}=http://{one.address}:{PEER_PORT}" for one in hosts),
                   "--initial-cluster-state", "new")  # fmt: skip

    def write_patroni(self, hosts):
        address = self.host.address
        trust = ["local all all trust", "host all all 0.0.0.0/0 trust", "host replication all 0.0.0.0/0 trust"]
        users = {"superuser": {"username": "postgres"}, "replication": {"username": "replicator"}}
        settings = {"shared_preload_libraries": "pg_stat_statements"}
        text = {
            "scope": "shop",
            "name": self.host.name,
            "restapi": {"listen": f"{address}:{PATRONI_PORT}", "connect_address": f"{address}:{PATRONI_PORT}"},
            "etcd3": {"hosts": [f"{one.address}:{ETCD_PORT}" for one in hosts]},
            "bootstrap": {
                "dcs": {"ttl": 20, "loop_wait": 5, "retry_timeout": 5, "postgresql": {"use_pg_rewind": True,
                        "parameters": {"wal_log_hints": "on", "wal_keep_size": "64MB"}}},
                "initdb": [{"encoding": "UTF8"}, "data-checksums"],
            },
            "postgresql": {"listen": f"{address},127.0.0.1:5432", "connect_address": f"{address}:5432",
                           "data_dir": f"{self.folder}/data", "bin_dir": PROGRAMS, "authentication": users,
                           "pgpass": f"{self.folder}/pgpass", "parameters":
                           {**settings, "unix_socket_directories": str(self.folder)}, "pg_hba": trust},
        }  # fmt: skip
        (self.folder / "patroni.yml").write_text(yaml.safe_dump(text))

    def start_patroni(self):
        self.start("patroni", "patroni", f"{self.folder}/patroni.yml")

    def start_agent(self, binary, rules, urls):
        listed = ", ".join(f'"{url}"' for url in urls)
        config = self.folder / "pgvigil.toml"
        config.write_text(AGENT.format(address=self.host.address, folder=self.folder, rules=rules, urls=listed))
        self.start("pgvigil", binary, "run", "--supervise", "--config", str(config))

    def is_leader(self):
        """Whether Patroni says that it leads, and its Postgres takes writes."""
        return self.host.get(PATRONI_PORT, "/primary")[0] == 200

    def is_replica(self):
        return self.host.get(PATRONI_PORT, "/replica")[0] == 200

    def follows_nobody(self):
        """Runs as a replica as Patroni sees it from there, which a host that is cut off does without a leader."""
        facts = self.host.json(PATRONI_PORT, "/patroni")
        return facts.get("state") == "running" and facts.get("role") == "replica"

    def roles(self):
        """What pgvigil calls the server: the label `role`, pg_replication_is_replica, the page of its status; None where it sees nothing."""
        text = self.host.get(PGVIGIL_PORT, "/metrics")[1]
        label = re.search(r'^pgvigil_server_info\{.*\brole="(\w+)"', text, re.MULTILINE)
        number = re.search(r"^pg_replication_is_replica\{.*\} ([01])$", text, re.MULTILINE)
        status = self.host.json(PGVIGIL_PORT, "/status").get("server", {}).get("facts", {}).get("role")
        return label and label[1], number and {"0": "primary", "1": "standby"}[number[1]], status

    def leader_in_metrics(self):
        """The member that has the label role="leader" in what pgvigil knows from Patroni."""
        text = self.host.get(PGVIGIL_PORT, "/metrics?collect[]=patroni_members")[1]
        lines = [line for line in text.splitlines() if line.startswith("pgvigil_patroni_member_info") and 'role="leader"' in line]
        return re.search(r'member="(\w+)"', lines[0])[1] if len(lines) == 1 else None

    def agent_facts(self):
        """(pid of the supervisor, restarts of its worker, /livez)."""
        restarts = [line.split()[-1] for line in self.host.get(PGVIGIL_PORT, "/metrics")[1].splitlines()
                    if line.startswith("pgvigil_worker_restarts_total")]  # fmt: skip
        livez = self.host.get(PGVIGIL_PORT, "/livez")[0]
        return self.processes["pgvigil"].poll(), restarts, livez

    def kill_postgres(self):
        """kill -9 of Patroni and of the postmaster at once, as a host that dies takes them along."""
        with open(self.folder / "data/postmaster.pid", encoding="utf-8") as file:
            postmaster = int(file.readline())
        os.killpg(self.processes["patroni"].pid, signal.SIGKILL)
        os.kill(postmaster, signal.SIGKILL)
        self.processes["patroni"].wait()

    def restart_patroni(self):
        """Without its Postgres, which goes on: the new one takes it over."""
        os.killpg(self.processes["patroni"].pid, signal.SIGKILL)
        self.processes["patroni"].wait()
        self.start_patroni()

    def promotions(self):
        """How often its Postgres was promoted since it began."""
        return (self.folder / "patroni.log").read_text(errors="replace").count("received promote request")

    def patronictl(self, *words):
        done = subprocess.run(self.host.words("patronictl", "-c", f"{self.folder}/patroni.yml", *words),
                              capture_output=True, text=True, check=False, cwd="/")  # fmt: skip
        if done.returncode:
            raise SystemExit(f"FAILED: patronictl {' '.join(words)}: {done.stdout}{done.stderr}")
        return done.stdout

    def members(self):
        return json.loads(self.patronictl("list", "--format", "json"))
