"""A strict reader of what /metrics gives: the text format 0.0.4 and OpenMetrics 1.0.

It accepts only what both specifications allow, and fails on what Prometheus would silently mend.
"""

import math
import re
from dataclasses import dataclass, field

NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"')
TYPES = {"counter", "gauge", "histogram", "summary", "untyped", "unknown"}
SUFFIXES = {"histogram": ("_bucket", "_sum", "_count"), "summary": ("", "_sum", "_count")}
UNESCAPED = {"\\\\": "\\", '\\"': '"', "\\n": "\n"}


@dataclass
class Family:
    """One metric family. `samples`: (sample name, labels sorted by name) -> value."""

    name: str
    type: str = ""
    help: str = ""
    unit: str = ""
    samples: dict = field(default_factory=dict)

    def label_sets(self):
        return [dict(labels) for _, labels in self.samples]

    def label_names(self):
        return {name for _, labels in self.samples for name, _ in labels}

    def values(self):
        return list(self.samples.values())


class Families(dict):
    """Families by name, with the look-ups that tests want."""

    def samples(self):
        return {key: value for family in self.values() for key, value in family.samples.items()}

    def value(self, name, **labels):
        """The one sample of this name whose labels contain `labels`; None when there is none."""
        found = [
            value
            for (sample, pairs), value in self.samples().items()
            if sample == name and labels.items() <= dict(pairs).items()
        ]
        assert len(found) <= 1, f"{name} {labels} is ambiguous: {len(found)} samples"
        return found[0] if found else None

    def has(self, name, **labels):
        return any(
            sample == name and labels.items() <= dict(pairs).items() for sample, pairs in self.samples()
        )

    def sample_names(self):
        return {name for name, _ in self.samples()}


def parse(text, openmetrics=False):
    """Families by name. An AssertionError names the line that no parser should accept."""
    assert text == "" or text.endswith("\n"), "the last line is not ended"
    families, current, ended = Families(), None, False
    for number, line in enumerate(text.split("\n")[:-1], 1):
        where = f"line {number}: {line!r}"
        assert not ended, f"text after # EOF, {where}"
        if line == "# EOF" and openmetrics:
            ended = True
        elif line.startswith("# "):
            current = _head(families, current, line, where, openmetrics)
        else:
            assert current is not None, f"a sample before any family, {where}"
            _sample(current, line, where, openmetrics)
    assert ended or not openmetrics, "no # EOF at the end"
    for family in families.values():
        assert family.type, f"no TYPE of {family.name}"
        assert family.samples, f"no sample of {family.name}"
    return families


def _head(families, current, line, where, openmetrics):
    _, keyword, name, *rest = line.split(" ", 3)
    assert keyword in ("HELP", "TYPE") or (openmetrics and keyword == "UNIT"), where
    assert NAME.fullmatch(name), f"not a metric name, {where}"
    if current is None or current.name != name:
        assert name not in families, f"{name} is not contiguous, {where}"
        current = families[name] = Family(name)
    assert not current.samples, f"{keyword} after samples, {where}"
    assert not getattr(current, keyword.lower()), f"{keyword} twice, {where}"
    text = rest[0] if rest else ""
    assert text, f"empty {keyword}, {where}"
    if keyword == "TYPE":
        assert text in TYPES and (text == "untyped") <= (not openmetrics), where
    if keyword == "UNIT":
        assert name.endswith("_" + text), f"the name does not end in its unit, {where}"
    setattr(current, keyword.lower(), text)
    return current


def _sample(family, line, where, openmetrics):
    name = NAME.match(line)
    assert name, where
    assert name.group() in _allowed(
        family, openmetrics
    ), f"sample of another family than {family.name}, {where}"
    labels, rest = _labels(line[name.end() :], where)
    assert re.fullmatch(r" [^ ]+", rest), f"no single value, {where}"
    key = (name.group(), tuple(sorted(labels.items())))
    assert key not in family.samples, f"duplicate series, {where}"
    family.samples[key] = _number(rest[1:], where)


def _allowed(family, openmetrics):
    if family.type in SUFFIXES:
        return {family.name + suffix for suffix in SUFFIXES[family.type]}
    return {family.name + "_total"} if openmetrics and family.type == "counter" else {family.name}


def _labels(text, where):
    labels = {}
    if not text.startswith("{"):
        return labels, text
    at = 1
    while text[at] != "}":
        match = LABEL.match(text, at)
        assert match, f"malformed labels, {where}"
        assert match.group(1) not in labels, f"label twice, {where}"
        labels[match.group(1)] = re.sub(r'\\["\\n]', lambda escape: UNESCAPED[escape.group()], match.group(2))
        at = match.end()
        if text[at] == ",":
            at += 1
            assert text[at] != "}", f"trailing comma, {where}"
        else:
            assert text[at] == "}", f"malformed labels, {where}"
    return labels, text[at + 1 :]


def _number(text, where):
    special = {"NaN": math.nan, "+Inf": math.inf, "-Inf": -math.inf}
    if text in special:
        return special[text]
    assert re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", text), f"not a number, {where}"
    return float(text)
