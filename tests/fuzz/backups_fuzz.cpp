// Any text as what a backup tool, a script of ours or Postgres wrote: a value or an error with words, never a
// crash, never long.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "collectors/backups/model/schedule.h"
#include "collectors/backups/model/wal.h"
#include "collectors/backups/surroundings/drills.h"
#include "collectors/backups/tools/backup_manifest.h"
#include "collectors/backups/tools/barman_json.h"
#include "collectors/backups/tools/cloudnativepg_json.h"
#include "collectors/backups/tools/dump_manifest.h"
#include "collectors/backups/tools/pgbackrest_info.h"
#include "collectors/backups/tools/wal_g_json.h"

using pgvigil::Timestamp;
using namespace pgvigil::backups;

namespace {

template <class Value>
void expect_words(const std::expected<Value, pgvigil::Error>& parsed) {
  if (!parsed && parsed.error().message.empty()) __builtin_trap();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  expect_words(parse_pgbackrest_info(text, ""));
  expect_words(parse_pgbackrest_listing(text));
  expect_words(parse_barman_backups(text, ""));
  expect_words(parse_barman_check(text, ""));
  Backup backup;
  expect_words(parse_barman_backup(text, "", backup));
  (void)parse_barman_wal_folder(text, "");
  expect_words(parse_wal_g_backups(text));
  std::string newest;
  expect_words(parse_wal_g_verify(text, 16ULL << 20, newest));
  expect_words(parse_cloudnativepg(text, ""));
  expect_words(parse_dump_manifest(text));
  expect_words(parse_drill(text));
  expect_words(parse_backup_manifest(text));
  const auto schedule = Schedule::parse(text);
  expect_words(schedule);
  if (schedule) (void)schedule->next(Timestamp{});
  (void)parse_history(text);
  (void)timeline_of_history(text);
  (void)parse_lsn(text);
  return 0;
}
