#!/usr/bin/env python3
"""Records what a running pgvigil keeps of the past, for history_replay: python3 record_history.py URL FILE.txt.gz [SPAN]

Only metrics are there whose past is kept: `[history] keep` adds to them. SPAN is 1h unless told otherwise.

The file is text: a line `t FIRST STEP...` has the times of a source in milliseconds, the first one and then the steps
between them; the lines `s {labels} VALUE...` after it are its series, with a value for each of those times, `_` where there
is none, and `=` for that of the time before.
"""

import gzip
import json
import sys
import urllib.parse
import urllib.request


def ask(url, path, **parameters):
    """The data of an answer of the API."""
    query = urllib.parse.urlencode(parameters)
    with urllib.request.urlopen(f"{url}/api/v1/{path}?{query}", timeout=60) as response:
        return json.load(response)["data"]


def recorded(url, span):
    """Labels and samples {milliseconds: text} of every series with a past."""
    for name in ask(url, "label/__name__/values"):
        for series in ask(url, "query", query=f'{{__name__="{name}"}}[{span}]')["result"]:
            samples = {round(float(at) * 1000): value for at, value in series["values"]}
            if len(samples) > 1:
                yield series["metric"], samples


def is_of(samples, source):
    """Whether samples came with those of a source: at its times, and at most of them from the first to the last."""
    _, longest = source[0]
    if not samples.keys() <= longest.keys():
        return False
    first, last = min(samples), max(samples)
    return len(samples) * 2 > sum(first <= at <= last for at in longest)


def sources(all_series):
    """Lists of series: those that were collected together."""
    found = []
    for labels, samples in sorted(all_series, key=lambda one: -len(one[1])):
        known = next((source for source in found if is_of(samples, source)), None)
        if known is None:
            found.append([(labels, samples)])
        else:
            known.append((labels, samples))
    return found


def lines(source):
    """The text of one source."""
    times = sorted({at for _, samples in source for at in samples})
    steps = (str(after - before) for before, after in zip(times, times[1:]))
    yield " ".join(["t", str(times[0]), *steps])
    for labels, samples in source:
        shown, before = [], None
        for at in times:
            value = samples.get(at, "_")
            shown.append("=" if value == before else value)
            before = value
        yield " ".join(["s", json.dumps(labels, separators=(",", ":")).replace(" ", "\\u0020"), *shown])


def main():
    """Writes the file."""
    url, path = sys.argv[1:3]
    found = sources(recorded(url, sys.argv[3] if len(sys.argv) > 3 else "1h"))
    with gzip.GzipFile(path, "wb", 9, mtime=0) as file:
        for source in found:
            for line in lines(source):
                file.write(line.encode() + b"\n")
    print(f"{sum(len(source) for source in found)} series of {len(found)} sources")


main()
