"""Alerts that a test switches on and off: rows of a table, the collector and the rule that look at it, and an agent whose
receivers are told at once."""


from .config import config, custom_collector

COLLECTOR = custom_collector("conditions", "select id::text, team, value from public.conditions", labels=["id", "team"])
RULES = """
[[rule]]
alert = "TestAlert"
expr = "test_conditions > 0"
labels = { severity = "critical" }

[rule.annotations]
summary = "condition {{ $labels.id }} holds"
"""


class Conditions:
    """Those that hold, in the database."""

    def __init__(self, server):
        self._server = server

    @staticmethod
    def prepare(server):
        server.run("create table conditions (id int primary key, team text not null, value float8 not null)")
        server.run("grant select on conditions to pgvigil")

    def set(self, *ids, teams=1):
        """These hold from now on, and no other; each is of one of `teams` teams."""
        listed = "array[" + ",".join(str(int(one)) for one in ids) + "]::int[]"
        insert = f"insert into conditions select id, id % {teams}, 1 from unnest({listed}) id"
        self._server.run(f"begin; delete from conditions; {insert}; commit")


def at_once(notify=""):
    """Only the rules of the test, judged every second and told without waiting for a group. `notify` is added to [notify]."""
    return f"""
[rules]
packs = false
evaluation_interval = "1s"

[notify]
group_wait = "0s"
group_interval = "0s"
{notify}
"""


def settings(receivers, more="", group_by='["alertname"]', notify=""):
    """The same, and remembered on the disk."""
    return f"""
[state]
directory = "state"
{at_once(f"group_by = {group_by}" + chr(10) + notify)}
{receivers}
{more}
"""


def webhook(sink, name="hook", more="", most=1000):
    return f'[receiver.{name}]\ntype = "webhook"\nurl = "{sink.url}/{name}"\nmax_alerts = {most}\n{more}\n'


def start(making, server, text, rules=RULES, **choices):
    """An agent that judges the conditions of `server`, with these settings beside it."""
    agent = making.agent(config(server, more=text), ready=False, **choices)
    agent.stop()
    agent.write_rules(rules)
    agent.write_collector("conditions", COLLECTOR)
    agent.start()
    return agent


def alerts(bodies, status):
    """The ids of alerts that webhooks were told with that status."""
    return {one["labels"]["id"] for body in bodies for one in body["alerts"] if one["status"] == status}
