"""Schemas of the sections of pgvigil.toml, read from docs/configuration.md, which the agent writes from its own tables."""

import pathlib
import re

PAGE = pathlib.Path(__file__).resolve().parent.parent / "docs/configuration.md"

TEXT = {"type": "string"}
DURATION = {"type": "string", "pattern": "^(off|([0-9]+(ms|[smhdwy]))+)$"}
SIZE = {"type": "string", "pattern": "^[0-9]+([.][0-9]+)? *([kKMGT]i?)?B$"}
SECRET = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "name": {"type": "string", "minLength": 1, "maxLength": 253, "pattern": "^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$"},
        "key": {"type": "string", "pattern": "^[-._a-zA-Z0-9]+$"},
    },
    "required": ["name", "key"],
}


def closed(properties, required=()):
    """An object that has these keys and no others."""
    made = {"type": "object", "additionalProperties": False, "properties": properties}
    return {**made, "required": list(required)} if required else made


def number(kind, words):
    least, most = re.search(r"(-?[\d.]+) to (-?[\d.]+)", words).groups()
    return {"type": kind, "minimum": float(least), "maximum": float(most)}


def shape(words):
    """The schema of what the column `type` of a table calls a value."""
    if words == "boolean":
        return {"type": "boolean"}
    if words == "integer":
        return {"type": "integer"}
    for kind in ("integer", "number"):
        if words.startswith(f"{kind},"):
            return number(kind, words)
    if words.startswith("duration"):
        return DURATION
    if words.startswith("size"):
        return SIZE
    if words.startswith("list"):
        return {"type": "array", "items": TEXT}
    if words == "table of strings":
        return {"type": "object", "additionalProperties": TEXT}
    if choices := re.findall(r'["`]([^"`]+)["`]', words):
        return {"enum": choices}
    return TEXT


def tables(text):
    """{heading: [cells of a row]} of the tables of keys."""
    found, heading = {}, ""
    for line in text.splitlines():
        if line.startswith("#"):
            heading = line.lstrip("# ")
        elif row := re.match(r"\| `([\w.]+)` \| (.+)", line):
            found.setdefault(heading, []).append([row[1], *re.split(r" \| ", row[2].removesuffix(" |"))])
        elif line.startswith("Every receiver has"):
            heading = "every receiver"
    return found


def properties(rows):
    """(schemas by key, required keys); `a.b` is the key b of the table a."""
    made, required = {}, []
    for key, words, default, *_ in rows:
        outer, _, inner = key.partition(".")
        if inner:
            made[outer] = closed({**made[outer].get("properties", {}), inner: shape(words)})
        else:
            made[outer] = shape(words)
            required += [key] if default.startswith("required") else []
    return made, required


def secret_files(made):
    """A file is a key of a Secret."""
    return {key: SECRET if key.endswith("_file") else value for key, value in made.items()}


def receiver(found):
    """One schema for all types: which further keys there are is decided by `type`."""
    common, _ = properties(found["every receiver"])
    kinds = {
        match[1]: properties(rows) for title, rows in found.items() if (match := re.match(r'type = "([\w]+)"', title))
    }
    branches = []
    for kind, (own, required) in kinds.items():
        keys = secret_files({**common, **own})
        if kind in ("discord", "slack", "teams"):
            del keys["url"]  # whoever knows it can write there: url_file
        branches.append(
            {
                "if": {"properties": {"type": {"const": kind}}},
                "then": closed({"type": TEXT, **keys}, required),
            }
        )
    return {
        "type": "object",
        "properties": {"type": {"enum": list(kinds)}},
        "required": ["type"],
        "allOf": branches,
    }


def advice_kinds(found):
    """Each kind of advice with its thresholds, whose types their defaults tell."""
    kinds = {}
    for kind, thresholds in found["[advice.KIND]"]:
        keys = {"enabled": {"type": "boolean"}}
        for key, default in re.findall(r"`(\w+) = ([^`]+)`", thresholds):
            keys[key] = {"type": ["string", "number"]} if default.startswith('"') else {"type": "number"}
        kinds[kind] = closed(keys)
    return kinds


# Keys that the chart writes itself, from other values.
CREDENTIALS = ["user_file", "password_file", "password_variable"]
OWN = {
    "http": ["listen"],
    "collect": ["directory"],
    "rules": ["directories"],
    "[server] or [[server]]": ["name", "dsn", "user", "databases", *CREDENTIALS],
    "[[pooler]]": ["name", "dsn", "user", "kind", *CREDENTIALS],
    "[auth_module.NAME]": CREDENTIALS,
}
SECTIONS = "http query log rules history compatibility limits collect host probe advice notify".split()
LABEL = {"propertyNames": {"pattern": "^[A-Za-z_][A-Za-z0-9_]*$"}, "type": "object"}
GLOBS = {"type": "array", "items": TEXT}


def further(found, title):
    """The keys of a section but for those that the chart writes itself."""
    made, _ = properties(found[title])
    own = OWN.get(title.strip("[]"), OWN.get(title, ()))
    return {key: value for key, value in secret_files(made).items() if key not in own}


def server_keys():
    """Further keys of a server, and of a pooler."""
    found = tables(PAGE.read_text(encoding="utf-8"))
    return further(found, "[server] or [[server]]"), further(found, "[[pooler]]")


def shapes(secret):
    """The schemas of the values that become sections; `secret` is that of `existingSecret`."""
    found = tables(PAGE.read_text(encoding="utf-8"))
    settings = {name: further(found, f"[{name}]") for name in SECTIONS}
    settings["advice"] |= advice_kinds(found)
    settings = {name: closed(keys) for name, keys in settings.items()}
    settings["filter"] = {**LABEL, "additionalProperties": GLOBS}
    for labels in ("labels", "environment_labels"):
        settings[labels] = {**LABEL, "additionalProperties": TEXT}
    collector = {**further(found, "[collector.NAME]"), "filter": {**LABEL, "additionalProperties": GLOBS}}
    module = {**further(found, "[auth_module.NAME]"), "existingSecret": secret, "options": {"type": "object", "additionalProperties": TEXT}}
    name = {"propertyNames": {"pattern": "^[A-Za-z0-9_-]+$"}, "type": "object"}
    return {
        "settings": closed(settings),
        "collectorOverrides": {**name, "additionalProperties": closed(collector)},
        "authModules": {**name, "additionalProperties": closed(module, ["targets"])},
        "receivers": {**name, "additionalProperties": receiver(found)},
        "routes": {"type": "array", "items": closed(properties(found["[[route]]"])[0])},
        "inhibits": {"type": "array", "items": closed(properties(found["[[inhibit]]"])[0])},
        "mutes": {**name, "additionalProperties": closed(properties(found["[mute.NAME]"])[0])},
        "backups": {"type": "array", "items": closed(properties(found["[backup] or [[backup]]"])[0])},
    }
