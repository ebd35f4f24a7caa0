"""Backups: can this server be restored, to when, and who has tried."""

from source.model import Dashboard, Row, graph, infos, levels, stat, table, words

NAME = "{{instance}} {{target}} {{backup}} {{repository}}"
DAY = 86400


def _overview():
    return [
        stat("Recoverable", "Whether the newest state that the repository promises can be restored; none while unknown.", "short",
             "pgvigil_backup_recoverable{@agent}", legend=NAME, width=6, options={"graphMode": "none"},
             more={"mappings": words(v0=("no", "red"), v1=("yes", "green")), "thresholds": levels(("green", 1), base="red")}),
        stat("Would be lost", "Time since the last moment to which a restore is known to lead.", "s",
             "time() - pgvigil_backup_recoverable_until_seconds{@agent}", legend=NAME, width=6,
             more={"thresholds": levels(("orange", DAY), ("red", 2 * DAY))}),
        stat("Newest backup", "Time since the newest complete backup of any type ended.", "s",
             'pgvigil_backup_age_seconds{@agent,type="any"}', legend=NAME, width=6,
             more={"thresholds": levels(("orange", DAY), ("red", 2 * DAY))}),
        stat("Last good restore drill", "Time since a restore drill succeeded: until one has, a backup is a hope.", "s",
             "pgvigil_backup_verified_restore_age_seconds{@agent}", legend=NAME, width=6,
             more={"thresholds": levels(("orange", 14 * DAY), ("red", 60 * DAY))}),
        stat("RPO now", "Age of the oldest transaction whose WAL is not archived yet: what would be lost with this server at this "
             "moment. 0 while all is archived, also on an idle server.", "s", "pgvigil_archiver_lag_seconds{@}", width=6,
             more={"thresholds": levels(("orange", 300), ("red", 3600))}),
        stat("Next backup due", "Time until the next backup must have been finished, by the schedule or by the pauses of the past; "
             "negative when it is late.", "s", "pgvigil_backup_deadline_timestamp_seconds{@agent} - time()", legend=NAME, width=6,
             options={"graphMode": "none"}, more={"thresholds": levels(("orange", 0), ("green", 3600), base="red")}),
        stat("Point-in-time window", "How far back every moment can be restored, up to the last one, where WAL is kept.", "s",
             "pgvigil_backup_window_seconds{@agent}", legend=NAME, width=6, options={"graphMode": "none"}),
        stat("Last restore took", "Time that the restore took in the last drill that succeeded: what to expect in an emergency.",
             "s", "pgvigil_backup_restore_duration_seconds{@agent}", legend=NAME, width=6, options={"graphMode": "none"}),
        stat("Last attempt", "Time since the last backup was begun, successful or not. Much younger than the newest backup: it "
             "failed, or it is under way.", "s", "time() - pgvigil_backup_last_attempt_timestamp_seconds{@agent}", legend=NAME,
             width=6, options={"graphMode": "none"}),
        stat("Under way", "Backups that run at this moment; more than one slow each other down.", "short",
             "pgvigil_backup_runs{@agent}", legend=NAME, width=6, more={"thresholds": levels(("orange", 2))}),
        stat("Oldest sound backup", "Time since the oldest backup ended that can still be restored.", "s",
             "time() - pgvigil_backup_oldest_timestamp_seconds{@agent}", legend=NAME, width=6, options={"graphMode": "none"}),
        stat("Last drill", "Whether the newest restore drill passed; none where there was no drill.", "short",
             "pgvigil_backup_restore_drill_passed{@agent}", legend=NAME, width=6, options={"graphMode": "none"},
             more={"mappings": words(v0=("failed", "red"), v1=("passed", "green")), "thresholds": levels(("green", 1), base="red")}),
        infos("Verdict", "What pgvigil thinks of each repository, and why.", "pgvigil_backup_verdict{@agent}", height=6),
        infos("Findings", "What is not as it should be beside the verdict.", "pgvigil_backup_finding{@agent}", height=6),
    ]  # fmt: skip


def _backups():
    return [
        graph("Age by type", "Seconds since the newest complete backup of each type ended.", "s",
              ("pgvigil_backup_age_seconds{@agent}", NAME + " {{type}}")),
        graph("Backups", "Backups in the repository by state.", "short",
              ("pgvigil_backups{@agent}", NAME + " {{state}}"), stacked=True),
        graph("Size", "What the newest complete backup of each type takes: database is all of it unpacked, delta what was copied for "
              "it, repository what is stored with all that a restore needs, repository_delta what is stored for it alone, dumped a "
              "dump before it was packed.", "bytes", ("pgvigil_backup_bytes{@agent}", NAME + " {{type}} {{what}}")),
        graph("Size by that of before", "Size of the newest backup in relation to the median of those before it; 1 is as usual.",
              "short", ("pgvigil_backup_size_ratio{@agent}", NAME)),
        graph("Duration", "How long the newest complete backup of each type took.", "s",
              ("pgvigil_backup_duration_seconds{@agent}", NAME + " {{type}}")),
        graph("Duration by that of before", "Duration of the newest backup in relation to the median of those before it; 1 is as "
              "usual.", "short", ("pgvigil_backup_duration_ratio{@agent}", NAME)),
        graph("Size by that of the databases", "Size of the newest backup as a part of pg_database_size() of what is in it: a "
              "backup that is suddenly small lacks something.", "percentunit",
              ("pgvigil_backup_size_to_database_ratio{@agent}", NAME)),
        graph("Running backups", "How much of a running backup has been copied.", "percentunit",
              ("pgvigil_backup_progress_ratio{@agent}", NAME)),
        graph("RPO", "Age of the oldest transaction whose WAL is not archived yet: what would have been lost with this server at "
              "each moment.", "s", "pgvigil_archiver_lag_seconds{@}"),
        graph("Recoverable until", "Time since the last moment to which a restore from each repository is known to lead.", "s",
              ("time() - pgvigil_backup_recoverable_until_seconds{@agent}", NAME)),
        graph("Missing WAL", "WAL segments that are missing between those that are there: no restore leads past the first.",
              "short", ("pgvigil_backup_wal_missing_segments{@agent}", NAME)),
        graph("Restore in the last drill", "Seconds that it took: what a real one takes at least.", "s",
              ("pgvigil_backup_restore_duration_seconds{@agent}", NAME)),
    ]  # fmt: skip


def _repositories():
    return [
        stat("Readable", "Whether the repository could be looked into.", "short",
             "pgvigil_backup_repository_readable{@agent}", legend=NAME, width=6, options={"graphMode": "none"},
             more={"mappings": words(v0=("no", "red"), v1=("yes", "green")), "thresholds": levels(("green", 1), base="red")}),
        stat("Missing databases", "Databases of the server that the newest backup does not have.", "short",
             "pgvigil_backup_databases_missing{@agent}", legend=NAME, width=6, more={"thresholds": levels(("red", 1))}),
        stat("Encrypted", "Whether the backup that would be restored is encrypted in the repository.", "short",
             "pgvigil_backup_encrypted{@agent}", legend=NAME, width=6, options={"graphMode": "none"},
             more={"mappings": words(v0=("no", "orange"), v1=("yes", "green"))}),
        stat("On another host", "Whether the backups survive the loss of the database's host.", "short",
             "pgvigil_backup_off_host{@agent}", legend=NAME, width=6, options={"graphMode": "none"},
             more={"mappings": words(v0=("no", "orange"), v1=("yes", "green"))}),
        stat("Immutable", "Whether nobody can change or remove the newest backup; none where nothing tells.", "short",
             "pgvigil_backup_immutable{@agent}", legend=NAME, width=6, options={"graphMode": "none"},
             more={"mappings": words(v0=("no", "orange"), v1=("yes", "green"))}),
        stat("Missing tablespaces", "Tablespaces of the server that the backup to be restored does not have.", "short",
             "pgvigil_backup_tablespaces_missing{@agent}", legend=NAME, width=6, more={"thresholds": levels(("red", 1))}),
        stat("Left after the next expiry", "Sound backups that stand alone and stay when the tool removes old ones.", "short",
             "pgvigil_backup_sound_after_expiry{@agent}", legend=NAME, width=6, options={"graphMode": "none"},
             more={"thresholds": levels(("green", 1), base="red")}),
        stat("Last look", "Time since pgvigil looked at the backups.", "s",
             "time() - pgvigil_backup_check_timestamp_seconds{@agent}", legend="{{instance}} {{target}} {{backup}}", width=6),
        table("Proofs", "When a backup of each type was proven last: restore by a drill, checksum by reading all files of one and "
              "comparing the sums that were told when it was made.",
              ("Proven", "dateTimeFromNow", "pgvigil_backup_verified_timestamp_seconds{@agent} * 1000"), width=12, height=6),
        table("Retention", "Daily, weekly, monthly and yearly slots that the policy wants filled, and those that are.",
              ("Wanted", "short", "pgvigil_backup_slots{@agent}"),
              ("Filled", "short", "pgvigil_backup_slots_filled{@agent}"), width=12, height=6),
        infos("Place", "Where the backups are as seen from the database.", "pgvigil_backup_place{@agent}", height=5),
        table("Schedule", "When the next backup of each repository is expected, by when it must have been finished, and what is "
              "kept.",
              ("Expected in", "s", "pgvigil_backup_expected_timestamp_seconds{@agent} - time()"),
              ("Deadline in", "s", "pgvigil_backup_deadline_timestamp_seconds{@agent} - time()"),
              ("Recoverable until", "dateTimeFromNow", "pgvigil_backup_recoverable_until_seconds{@agent} * 1000"),
              ("Recoverable since", "dateTimeFromNow", "pgvigil_backup_recoverable_since_seconds{@agent} * 1000"),
              ("Running one ends", "dateTimeFromNow", "pgvigil_backup_expected_end_timestamp_seconds{@agent} * 1000"),
              ("Key expires", "dateTimeFromNow", "pgvigil_backup_key_expiry_timestamp_seconds{@agent} * 1000"), height=6),
    ]  # fmt: skip


DASHBOARD = Dashboard(
    "backups",
    "Postgres backups",
    "Can it be restored, to when, and who has tried.",
    [Row("Overview", _overview()), Row("Backups", _backups()), Row("Repositories", _repositories())],
    anchor="pgvigil_backup_check_timestamp_seconds",
    since="now-7d",
)
