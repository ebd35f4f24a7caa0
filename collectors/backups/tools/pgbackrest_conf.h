#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "collectors/backups/model/backup.h"
#include "collectors/backups/model/settings.h"

namespace pgvigil::backups {

/// What pgbackrest.conf sets for one stanza: an option in a section of its own goes before that of [global],
/// and one of a command before that of all (the user guide of pgBackRest, "Configuration").
class PgbackrestConf {
 public:
  PgbackrestConf(std::string_view text, std::string_view stanza);

  /// The value of an option, such as "repo1-path"; empty when it is not set.
  std::string value(const std::string& option) const;

 private:
  std::map<std::string, std::string, std::less<>> values_;
};

/// The file that the source names, or that the tool would read. Nothing when it cannot be read.
std::optional<PgbackrestConf> read_pgbackrest_conf(const Source& source, const std::string& stanza);

/// Where repository `key` is: its folder, when it is on this very host, and the place as far as that tells
/// it.
struct PgbackrestPlace {
  std::string path;
  Place place = Place::unknown;
};
PgbackrestPlace place_of(const PgbackrestConf& conf, const std::string& key);

/// Tells of each backup that stands alone whether `expire` removes it after one more full backup, which
/// counts whether it is sound or not (repo-retention-full, by number or in days).
void apply_retention(const PgbackrestConf& conf, Timestamp now, Repository& repository);

}  // namespace pgvigil::backups
