"""What happens to the cluster, and what has to be seen and told of it. Each waits for events, never for a time to pass."""

import time

import watchers
from cluster import until

ROLE_SEEN_WITHIN = 10  # seconds from what Patroni says
SCRAPE = 5  # seconds: Prometheus's interval comes on top for what it sees


def told(what):
    print(f"ok    {what}", flush=True)


class Incident:
    """One incident: `wanted` are the alerts that have to be told; what was measured becomes a row of the table."""

    def __init__(self, cluster, name, wanted):
        self.cluster, self.name, self.wanted = cluster, name, wanted
        cluster.forget()
        self.old, self.start, self.promotions = cluster.leader(), time.monotonic(), cluster.promotions()
        self.row = {"incident": name}
        print(f"--    {name} ({self.old.host.name} leads)", flush=True)

    def expect_primary(self, candidates):
        """One of these leads, and everybody says so."""
        until(lambda: any(node.is_leader() for node in candidates), "another one leads")
        new = next(node for node in candidates if node.is_leader())
        self._expect_role(new, "primary")
        seconds = until(lambda: new.leader_in_metrics() == new.host.name, "the label of the member is right", ROLE_SEEN_WITHIN)
        told(f"pgvigil calls {new.host.name} the leader among Patroni's members {seconds:.1f} s later at most")
        seconds = until(lambda: watchers.role_in_prometheus(new.host.address) == "primary", "Prometheus sees the role",
                        ROLE_SEEN_WITHIN + SCRAPE)  # fmt: skip
        told(f"Prometheus has the label role=\"primary\" of {new.host.name} {seconds:.1f} s later at most")

    def expect_standby(self, condition):
        until(condition, "the old leader is a standby", 300)
        self._expect_role(self.old, "standby")

    def _expect_role(self, node, role):
        said = time.monotonic() - self.start
        seconds = until(lambda: set(node.roles()) == {role}, f"{node.host.name} is seen as {role}", ROLE_SEEN_WITHIN, node.roles)
        told(f"{node.host.name} is {role}: Patroni says so {said:.1f} s after the event, pgvigil {seconds:.1f} s later at most")
        self.row[f"{role}, Patroni"] = f"{node.host.name}, {said:.1f} s"
        self.row["and pgvigil" if role == "primary" else "pgvigil"] = f"{seconds:.1f} s"

    def wait_notification(self):
        until(lambda: self.cluster.sink.notifications(self.start), "somebody is told", 180)

    def wait_over(self, alert):
        """Until no Alertmanager has it any more: whoever reports it later would have it told anew."""
        until(lambda: alert not in watchers.active(), f"{alert} is over", 300)

    def end(self):
        """All is as before; one notification came, and it had all that is wanted."""
        self.cluster.settle()
        came = self.cluster.sink.notifications(self.start)
        text = "; then ".join(", ".join(f"{name} of {at or 'the cluster'}" for name, at in sorted(one.firing)) for one in came)
        print(f"      notifications: {text}", flush=True)
        promoted = self.cluster.promotions() - self.promotions
        if promoted != 1:
            raise SystemExit(f"FAILED: Patroni made {promoted} promotions of one incident; {len(came)} notifications")
        if len(came) != 1:
            raise SystemExit(f"FAILED: {len(came)} notifications of one incident")
        names = [name for name, _ in came[0].firing]
        if not self.wanted <= set(names) or len(names) != len(set(names)):
            raise SystemExit(f"FAILED: wanted each of {sorted(self.wanted)} once")
        if self.cluster.sink.messages[-1].firing:
            raise SystemExit("FAILED: nobody was told that it is over")
        told(f"one notification, of {', '.join(sorted(names))}; its end was told")
        self.row |= {"notifications": len(came), "in it": ", ".join(sorted(names))}
        self._expect_agents()
        return self.row

    def _expect_agents(self):
        for node in self.cluster.nodes:
            ended, restarts, livez = node.agent_facts()
            if ended is not None or livez != 200 or set(restarts) - {"0"}:
                raise SystemExit(f"FAILED: pgvigil of {node.host.name}: {ended}, restarts {restarts}, /livez {livez}")
        told("no pgvigil was lost: three processes, no worker replaced, /livez 200")
        self.row["agents lost"] = 0


def switchover(cluster):
    """Somebody moves the leader."""
    incident = Incident(cluster, "switchover", {"PostgresRoleChanged"})
    old, new = incident.old, cluster.replicas()[0]
    old.patronictl("switchover", "shop", "--master", old.host.name, "--candidate", new.host.name, "--force")
    incident.expect_primary([new])
    incident.expect_standby(old.is_replica)
    return incident.end()


def failover(cluster):
    """The leader dies (kill -9 of Patroni and the postmaster), and comes back when somebody was told."""
    incident = Incident(cluster, "failover", {"PostgresRoleChanged", "PostgresDown"})
    incident.old.kill_postgres()
    incident.expect_primary(cluster.others(incident.old))
    incident.wait_notification()
    incident.old.start_patroni()
    incident.expect_standby(incident.old.is_replica)
    return incident.end()


def partition(cluster):
    """The leader is cut off, and heard again after all that was told of the new one is over."""
    incident = Incident(cluster, "partition", {"PostgresRoleChanged", "TargetDown"})
    incident.old.host.cut_off()
    incident.expect_primary(cluster.others(incident.old))
    # Its Postgres waits for the standbys that it cannot reach, for wal_sender_timeout, before it is down.
    incident.expect_standby(incident.old.follows_nobody)
    incident.wait_notification()
    incident.wait_over("PostgresRoleChanged")
    # As after the reset by a watchdog. What remembers that it led may take the lock back when it is let in (seen with Patroni
    # 3.0.2 and etcd's version 3): a second promotion, and told as one.
    incident.old.restart_patroni()
    incident.old.host.connect()
    return incident.end()


ALL = {one.__name__: one for one in (switchover, failover, partition)}
