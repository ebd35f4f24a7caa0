"""All dashboards."""

from source import agent, alerts, backups, fleet, instance, pools, replication, statements, vacuum

DASHBOARDS = [
    fleet.dashboard(recorded=False),
    fleet.dashboard(recorded=True),
    instance.DASHBOARD,
    statements.DASHBOARD,
    replication.DASHBOARD,
    vacuum.DASHBOARD,
    pools.DASHBOARD,
    backups.DASHBOARD,
    alerts.DASHBOARD,
    agent.DASHBOARD,
]
