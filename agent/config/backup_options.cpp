#include "agent/config/options.h"
#include "agent/options/kinds.h"
#include "collectors/backups/model/settings.h"

namespace pgvigil::agent {
namespace {

using namespace std::chrono_literals;
using namespace kinds;
using S = backups::Source;
using backups::Policy;

constexpr std::int64_t k_most_slots = 1'000;

Option<S> databases_option() {
  return {"databases", "list of names", "those of the server",
          "Databases that must be in every set of dumps, instead of all that the server lets in.",
          [](Section& section, S& source) {
            source.databases = section.strings("databases").value_or(std::vector<std::string>{});
          }};
}

Option<S> segment_size_option() {
  return {"wal_segment_size", "size", "found out",
          "The size of WAL segments, `\"16MB\"`: needed only where neither server nor backups tell it.",
          [](Section& section, S& source) {
            const auto size = section.bytes("wal_segment_size");
            if (!size) return;
            const bool is_power =
                size->count >= 1 << 20 && size->count <= 1 << 30 && (size->count & (size->count - 1)) == 0;
            if (is_power)
              source.wal_segment_size = size;
            else
              section.report("wal_segment_size", "'wal_segment_size' must be a power of two from 1MB to 1GB");
          }};
}

Option<Policy> schedule_option() {
  return {"schedule", "cron", "learned",
          "When a backup is due, as in `\"0 2 * * *\"`: minute, hour, day, month, weekday, in UTC. Without "
          "it the pauses between "
          "backups tell when one is late.",
          [](Section& section, Policy& policy) {
            const auto text = section.string("schedule");
            if (!text) return;
            auto schedule = backups::Schedule::parse(*text);
            if (schedule)
              policy.schedule = *schedule;
            else
              section.report("schedule", schedule.error().message, schedule.error().hint);
          }};
}

Option<Policy> least_size_option() {
  return {"least_size", "number, 0.001 to 1",
          "0.5; 0.05 of sets by pgvigil-backup, 0.01 of other dumps and of Barman",
          "The size of the newest backup in relation to that of the databases in it, below which it is "
          "suspicious.",
          [](Section& section, Policy& policy) {
            const auto value = section.number("least_size");
            if (!value) return;
            if (*value >= 0.001 && *value <= 1)
              policy.least_size = *value;
            else
              section.report("least_size", "'least_size' must be from 0.001 to 1",
                             "Write 0.5 for half the size of the databases.");
          }};
}

std::vector<Option<Policy>> policy_options() {
  const auto slots = [](std::string_view key, auto place, std::string_view meaning) {
    return integer<Policy>(key, 0, k_most_slots, place, meaning);
  };
  return {
      duration<Policy>(
          "max_age", 1min, [](Policy & p) -> auto& { return p.max_age; },
          "How old the newest backup may be, of whatever type."),
      duration<Policy>(
          "max_age_full", 1min, [](Policy & p) -> auto& { return p.max_age_full; },
          "The same of the newest that stands alone."),
      schedule_option(),
      duration<Policy>(
          "grace", 1min, [](Policy & p) -> auto& { return p.grace; },
          "How long after its time a backup may be finished; how long it takes is a part of that."),
      slots(
          "daily", [](Policy & p) -> auto& { return p.daily; }, "Of the last so many days each has one."),
      slots(
          "weekly", [](Policy & p) -> auto& { return p.weekly; }, "The same of weeks."),
      slots(
          "monthly", [](Policy & p) -> auto& { return p.monthly; }, "The same of months."),
      slots(
          "yearly", [](Policy & p) -> auto& { return p.yearly; }, "The same of years."),
      boolean<Policy>(
          "globals", [](Policy & p) -> auto& { return p.globals; },
          "Whether a set of dumps must have roles and tablespaces (`pg_dumpall --globals-only`)."),
      boolean<Policy>(
          "encrypted", [](Policy & p) -> auto& { return p.encrypted; }, "Whether they must be encrypted."),
      duration_or_off<Policy>(
          "restored_within", 1h, [](Policy & p) -> auto& { return p.restored_within; },
          "A restore drill must have succeeded within this time.", "\"off\""),
      duration_or_off<Policy>(
          "window", 1h, [](Policy & p) -> auto& { return p.window; },
          "How far back any moment must be restorable, where WAL is kept: `\"7d\"`.", "\"off\""),
      duration_or_off<Policy>(
          "oldest", 1h, [](Policy & p) -> auto& { return p.oldest; },
          "How old the oldest sound backup must be at least: `\"30d\"`.", "\"off\""),
      slots(
          "least", [](Policy & p) -> auto& { return p.least; },
          "How many sound backups that stand alone must stay when the tool's own retention removes old ones "
          "the next time; what "
          "is still to be made does not count. Known of pgBackRest and Barman."),
      least_size_option(),
      duration<Policy>(
          "outlook", 24h, [](Policy & p) -> auto& { return p.outlook; },
          "How far ahead it is told when backups will take longer than the pause between two, if their "
          "durations go on growing."),
      boolean<Policy>(
          "off_host", [](Policy & p) -> auto& { return p.off_host; },
          "Whether they must be on another host than the database."),
      boolean<Policy>(
          "immutable", [](Policy & p) -> auto& { return p.immutable; },
          "Whether nobody may be able to change or remove them for a time.")};
}

/// The keys of `policy`, a table of its own, as keys with a dot.
Option<S> policy_option(const Option<Policy>& option, std::string_view key) {
  return {key, option.type, option.preset, option.meaning, [](Section&, S&) {}};
}

Option<S> policy_reader() {
  return {"policy", "table", "the presets below", "What the backups must be like.",
          [](Section& section, S& source) {
            auto policy = section.section("policy");
            if (!policy) return;
            read_options(*policy, policy_options(), source.policy);
            policy->finish();
          }};
}

std::vector<Option<S>> source_options() {
  const auto path = [](std::string_view key, auto place, std::string_view meaning,
                       std::string_view preset = "none") {
    return text<S>(key, "path", place, meaning, preset);
  };
  return {
      word<S>(
          "tool", backups::k_tool_words, [](S & s) -> auto& { return s.tool; }, "Who makes the backups."),
      text<S>(
          "name", "text", [](S & s) -> auto& { return s.name; }, "Label `backup` of its series.",
          "the tool's name"),
      text<S>(
          "server", "name", [](S & s) -> auto& { return s.server; }, "The `[[server]]` that they are of.",
          "the only one"),
      text<S>(
          "stanza", "name", [](S & s) -> auto& { return s.stanza; },
          "The stanza of pgBackRest, the server of Barman, the cluster of CloudNativePG.", "the only one"),
      path(
          "program", [](S & s) -> auto& { return s.program; }, "The tool's program, when it is not in PATH.",
          "the tool's name"),
      path(
          "config_file", [](S & s) -> auto& { return s.config_file; }, "The tool's own configuration.",
          "the tool's preset"),
      path(
          "directory", [](S & s) -> auto& { return s.directory; },
          "The folder of dumps or base backups. Of CloudNativePG: that of the pod's service account, where "
          "it is not the usual one."),
      path(
          "file", [](S & s) -> auto& { return s.file; },
          "JSON of the tool that a sidecar writes here, instead of running the tool."),
      path(
          "archive", [](S & s) -> auto& { return s.archive; },
          "Beside `file`: the listing of the archive (`pgbackrest repo-ls`, `wal-g wal-verify`; "
          "`{repository}` stands "
          "for the number of the repository). Of Barman: the folder of its WAL."),
      path(
          "drills", [](S & s) -> auto& { return s.drills; },
          "The folder of the results of `pgvigil-restore-drill`."),
      boolean<S>(
          "immutable", [](S & s) -> auto& { return s.immutable; },
          "Declares that the storage lets nobody change or remove backups for a time (object lock, WORM). "
          "Where pgvigil sees that "
          "it does, it says so."),
      boolean<S>(
          "checksums", [](S & s) -> auto& { return s.checksums; },
          "Whether all files of a plain base backup are read once and compared with the sums of its "
          "`backup_manifest`: ten seconds of "
          "reading in each look, until all are read."),
      databases_option(),
      segment_size_option(),
      bytes<S>(
          "unpack_memory", Bytes{4'000'000}, [](S & s) -> auto& { return s.unpack_memory; },
          "What the unpacking of one compressed file may take. More is asked for by `xz -8` and above, by "
          "zstd from "
          "`--ultra -20` on and with `--long`."),
      duration<S>(
          "every", 1s, [](S & s) -> auto& { return s.every; }, "How often the backups are looked at."),
      duration<S>(
          "timeout", 1s, [](S & s) -> auto& { return s.timeout; },
          "For one look; then the tool and its children are killed."),
      policy_reader()};
}

}  // namespace

OptionGroup<backups::Source> backup_group() {
  std::vector<Option<S>> options = source_options();
  // Of the same lifetime as the keys that stand in the code.
  static const std::vector<std::string> k_keys = [] {
    std::vector<std::string> keys;
    for (const Option<Policy>& option : policy_options())
      keys.push_back("policy." + std::string(option.key));
    return keys;
  }();
  std::size_t at = 0;
  for (const Option<Policy>& option : policy_options())
    options.push_back(policy_option(option, k_keys[at++]));
  return {"backup", "The backups of a server.", std::move(options), {}};
}

}  // namespace pgvigil::agent
