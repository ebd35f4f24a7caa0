"""Retention keeps a set for every slot, counts only good ones, and never removes the last of them."""

import datetime
import json
import os

import pytest
from support.backup_scripts import BackupScripts

KEEP = {"daily": 7, "weekly": 4, "monthly": 12, "yearly": 3, "last": 3}
SLOT = {"daily": "%Y-%m-%d", "weekly": "%G-W%V", "monthly": "%Y-%m", "yearly": "%Y"}
YEAR_END = datetime.datetime(2026, 1, 3, 2, 0, 0)


@pytest.fixture(name="scripts")
def scripts_fixture(making, cluster):
    scripts = BackupScripts(cluster, **{f"pgvigil_backup_keep_{name}": count for name, count in KEEP.items()})
    return making.keep(scripts)


def name_of(moment):
    return moment.strftime("%Y%m%dT%H%M%SZ")


def make_set(scripts, moment, size=9, declared=9):
    """A set of one database with files of this size, and the manifest of a good one."""
    folder = scripts.path(name_of(moment))
    os.mkdir(folder)
    files = [("globals.sql", "globals", ""), ("shop.dump", "database", "shop")]
    for name, _, _ in files:
        with open(os.path.join(folder, name), "wb") as file:
            file.write(b"x" * size)
    manifest = {
        "format": "pgvigil-dump/1",
        "files": [{"name": name, "kind": kind, "database": base, "bytes": declared} for name, kind, base in files],
        "databases_expected": ["shop"],
    }
    with open(os.path.join(folder, "manifest.json"), "w", encoding="utf-8") as file:
        json.dump(manifest, file)
    return name_of(moment)


def prune(scripts, *arguments, **choices):
    return scripts.run("pgvigil-backup", "--prune-only", *arguments, as_root=True, **choices)


def expected(moments):
    """By the book: of each slot the newest, and the newest slots of each kind."""
    kept = set(sorted(moments)[-KEEP["last"] :])
    for kind, slot in SLOT.items():
        newest = {}
        for moment in sorted(moments):
            newest[moment.strftime(slot)] = moment
        kept |= set(sorted(newest.values())[-KEEP[kind] :])
    return sorted(map(name_of, kept))


def test_a_year_of_daily_sets_becomes_its_slots(scripts):
    days = [YEAR_END - datetime.timedelta(days=n) for n in range(366)]
    for moment in days:
        make_set(scripts, moment)
    said = prune(scripts).stderr
    assert scripts.sets() == expected(days)
    assert f"{len(expected(days))} sets kept, {366 - len(expected(days))} removed" in said
    assert scripts.hidden() == []
    prune(scripts)
    assert scripts.sets() == expected(days), "a second time changes nothing"


def test_failed_sets_take_no_slot_and_stay_to_be_looked_at(scripts):
    hours = [YEAR_END - datetime.timedelta(days=n) for n in range(10)]
    good = [make_set(scripts, moment) for moment in hours]
    later = datetime.timedelta(hours=3)
    truncated = make_set(scripts, hours[0] + later, size=5)
    empty = name_of(hours[1] + later)
    os.mkdir(scripts.path(empty))
    incomplete = make_set(scripts, hours[2] + later)
    manifest = scripts.manifest(incomplete)
    manifest["databases_expected"].append("ledger")
    with open(scripts.path(incomplete, "manifest.json"), "w", encoding="utf-8") as file:
        json.dump(manifest, file)
    said = prune(scripts).stderr
    assert set(scripts.sets()) == set(expected(hours)) | {truncated, empty, incomplete}
    assert good[0] in scripts.sets() and good[1] in scripts.sets()
    assert "shop.dump is missing or has not its 9 bytes" in said or "globals.sql is missing" in said
    assert "it lacks the database ledger" in said and "it has no manifest.json" in said


def test_while_backups_fail_nothing_ages_away(scripts):
    good = make_set(scripts, datetime.datetime(2020, 1, 1))
    failed = [make_set(scripts, YEAR_END - datetime.timedelta(days=n), size=1) for n in range(30)]
    least = {f"pgvigil_backup_keep_{kind}": 0 for kind in SLOT}
    prune(scripts, **least, pgvigil_backup_keep_last=1)
    assert good in scripts.sets() and set(failed) < set(scripts.sets())
    prune(scripts, **least, pgvigil_backup_keep_last=0, expect=78)
    assert good in scripts.sets()


def test_a_number_with_a_zero_before_it_is_no_other_number_and_not_none(scripts):
    days = [YEAR_END - datetime.timedelta(days=n) for n in range(20)]
    for moment in days:
        make_set(scripts, moment)
    others = {f"pgvigil_backup_keep_{kind}": 0 for kind in SLOT if kind != "daily"}
    prune(scripts, **others, pgvigil_backup_keep_daily="010")
    assert scripts.sets() == sorted(map(name_of, days[:10]))
    prune(scripts, **others, pgvigil_backup_keep_daily="08")
    assert scripts.sets() == sorted(map(name_of, days[:8]))


def test_space_is_reckoned_beyond_what_an_integer_of_awk_holds(scripts):
    terabyte = 1 << 40
    name = make_set(scripts, YEAR_END, size=0, declared=terabyte)
    manifest = scripts.manifest(name)
    for file in manifest["files"]:
        os.truncate(scripts.path(name, file["name"]), terabyte)  # with nothing in it
        file["database_bytes"] = 1 << 20
    with open(scripts.path(name, "manifest.json"), "w", encoding="utf-8") as file:
        json.dump(manifest, file)
    said = scripts.run("pgvigil-backup", expect=73, as_root=True).stderr
    assert "not enough space" in said and "TiB needed" in said
    assert scripts.sets() == [name]


def test_a_failed_backup_removes_nothing(scripts):
    days = [make_set(scripts, YEAR_END - datetime.timedelta(days=n)) for n in range(30)]
    scripts.run("pgvigil-backup", expect=69, as_root=True, pgport="1")
    assert scripts.sets() == sorted(days)


def test_a_dry_run_says_what_it_would_remove(scripts):
    days = [YEAR_END - datetime.timedelta(days=n) for n in range(30)]
    for moment in days:
        make_set(scripts, moment)
    kept = expected(days)
    said = prune(scripts, "--dry-run").stderr
    assert f"would keep {len(kept)} sets and remove {30 - len(kept)}: " in said
    assert name_of(min(days)) in said and len(scripts.sets()) == 30
