"""Configurations as the tests write them."""

QUICK = "1s"


def toml_string(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def config(cluster=None, dsn=None, server="", more=""):
    """A configuration that watches `cluster`, or what `dsn` names. `server` is added to [server], `more` after."""
    return "\n".join(
        [
            "[server]",
            f"dsn = {toml_string(dsn or cluster.dsn())}",
            'connect_timeout = "3s"',
            'backoff_limit = "2s"',
            server,
            more,
            "",
        ]
    )


def every(interval, *collectors):
    """Sections that set the interval of these collectors."""
    return "\n".join(f'[collector.{name}]\nevery = "{interval}"' for name in collectors)


def custom_collector(name, sql, metric=None, labels=(), settings="", value="value"):
    """A definition file with one query and one gauge."""
    listed = ", ".join(toml_string(label) for label in labels)
    return f"""
name = "{name}"
help = "A collector of the tests"
every = "{QUICK}"
{settings}

[[query]]
sql = '''{sql}'''

[[metric]]
name = "{metric or 'test_' + name}"
type = "gauge"
value = "{value}"
labels = [{listed}]
help = "A metric of the tests."
"""


def server_entry(name, dsn, more=""):
    """A [[server]]."""
    return "\n".join(
        [
            "[[server]]",
            f"name = {toml_string(name)}",
            f"dsn = {toml_string(dsn)}",
            'connect_timeout = "3s"',
            'backoff_limit = "2s"',
            more,
            "",
        ]
    )


def fleet_config(clusters, more=""):
    """A configuration that watches several clusters, by name."""
    return "\n".join([*(server_entry(name, cluster.dsn()) for name, cluster in clusters.items()), more, ""])


def pooler_entry(name, dsn, more=""):
    """A [[pooler]]."""
    return server_entry(name, dsn, more).replace("[[server]]", "[[pooler]]")
