#!/usr/bin/python3
"""Watches pgvigil's memory over an hour of ticks, compressed: every collector runs once a second, on a server whose
tables and statements come and go, while it is scraped. Prints the growth, and fails when there is any.

usage: tests/bench/growth.py [--ticks 240] [--massif] [--more TOML]

  --ticks N     how often each collector runs after the warm-up; 240 are an hour of the usual 15 s
  --massif      under valgrind's massif, which counts the heap to the byte; some 20 times slower
  --more TOML   further configuration, such as '[collector.wait_profile]\\nenabled = true'

It warms up for a little more than ten minutes first: so long the cost of each run is remembered, and that time is not
compressed. Growth is the slope of a line through the private memory (RssAnon; with massif the bytes of the heap) of the
rest, times its length: below 1 % of the level, or 64 kB, is none.
"""

import os
import re
import subprocess
import sys
import time

from measure import SETTINGS, keeping
from options import Options
from support.agent import Agent, binary
from support.cluster import Cluster
from workload import create_roles, create_tables

TABLES = 50
WARM_UP = 620  # ticks
CHURNING = 20  # tables and statements that come and go


def collectors():
    """All that there are, on by themselves or not."""
    listed = subprocess.run([binary(), "docs", "metrics"], capture_output=True, text=True, check=True).stdout
    return re.findall(r"^## (\w+)$", listed, re.MULTILINE)


def configuration(cluster, more):
    sections = "\n".join(f'[collector.{name}]\nevery = "1s"\nenabled = true'
                         for name in collectors() if f"[collector.{name}]" not in more)
    return f'[server]\ndsn = "{cluster.dsn()}"\n{sections}\n{more}\n'


def churn(cluster, tick):
    """A table goes and a table comes, and another statement runs: the same twenty in turn, for rows that are gone are
    remembered for an hour, which is not compressed."""
    name = f"churn{tick % CHURNING}"
    cluster.run(f"drop table if exists {name}; create table {name} (id int primary key)")
    cluster.run(f"select id + 0 as c{tick % CHURNING} from {name}")
    if tick % 2:
        cluster.run(f"drop table {name}")


def watch(cluster, agent, ticks):
    """Private bytes of the agent, once a tick."""
    sizes = []
    for tick in range(ticks):
        began = time.monotonic()
        churn(cluster, tick)
        agent.fetch(packed=True)
        sizes.append(agent.private_bytes())
        if sys.stdout.isatty():
            print(f"\r{tick + 1} of {ticks}: {sizes[-1] / 1e6:.2f} MB", end="", flush=True)
        time.sleep(max(0.0, 1 - (time.monotonic() - began)))
    return sizes


def massif_sizes(path):
    """Bytes of the heap at each of massif's snapshots, which lie evenly in time."""
    with open(path, encoding="utf-8") as file:
        return [int(size) for size in re.findall(r"^mem_heap_B=(\d+)$", file.read(), re.MULTILINE)]


def growth(rest):
    """What a line through the sizes gains over its length, and their mean."""
    middle, mean = (len(rest) - 1) / 2, sum(rest) / len(rest)
    slope = sum((i - middle) * (size - mean) for i, size in enumerate(rest)) / sum((i - middle) ** 2 for i in range(len(rest)))
    return slope * len(rest), mean


def main():
    parser = Options(__doc__)
    parser.add_argument("--ticks", type=int, default=240)
    parser.add_argument("--massif", action="store_true")
    parser.add_argument("--more", default="")
    choices = parser.parse_args()
    with keeping() as keep:
        cluster = keep(Cluster(15, settings=SETTINGS))
        create_roles(cluster)
        create_tables(cluster, TABLES)
        wrapper = ()
        if choices.massif:
            wrapper = ("valgrind", "--tool=massif", "--massif-out-file=massif.out", "--time-unit=ms", "--max-snapshots=200")
        agent = keep(Agent(configuration(cluster, choices.more.replace("\\n", "\n")), wrapper=wrapper))
        ticks = WARM_UP + choices.ticks
        sizes = watch(cluster, agent, ticks)
        if choices.massif:
            agent.stop()
            sizes = massif_sizes(os.path.join(agent.home, "massif.out"))
        rest = sizes[len(sizes) * WARM_UP // ticks:]
        gained, mean = growth(rest)
        failed = [one["name"] for one in (agent.status()["collectors"] if agent.running() else []) if one["state"] == "failed"]
        print(f"\n{'heap' if choices.massif else 'private memory'} {mean / 1e6:.2f} MB, gained {gained / 1e3:.0f} kB over the last "
              f"{len(rest)} samples; failed collectors: {', '.join(failed) or 'none'}")
        return 0 if gained < max(64e3, mean / 100) else 1


if __name__ == "__main__":
    sys.exit(main())
