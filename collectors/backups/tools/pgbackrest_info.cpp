#include "collectors/backups/tools/pgbackrest_info.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "collectors/backups/files/json_text.h"
#include "collectors/model/instant.h"

namespace pgvigil::backups {
namespace {

Error no_info(const std::string& what) {
  return {ErrorKind::query, "what pgbackrest info wrote is " + what,
          "Run `pgbackrest info --output=json` by hand as the user of pgvigil."};
}

const Json& element(const Json& object, std::string_view key) {
  static const Json k_nothing = Json::object();
  const Json* found = find(object, key);
  return found == nullptr ? k_nothing : *found;
}

std::size_t id_at(const Json& object, std::string_view key) {
  return number_at(object, key).value_or(0);
}

/// pgBackRest reads while it decrypts: a wrong key is seen as text that is none before the cipher's end is
/// checked. That text can be anything, the empty line as well: 1,480 of 1,500 wrong keys were told as a
/// FormatError, 25 of these in plain ASCII (pgBackRest 2.45).
bool is_of_wrong_key(const std::string& message, bool is_encrypted) {
  constexpr std::string_view k_replacement = "\xEF\xBF\xBD";
  return message.contains("CryptoError") || message.contains("cipher header invalid") ||
         message.contains(k_replacement) || (is_encrypted && message.contains("found outside of section"));
}

/// The messages of repositories (status 99) begin with the kind of error.
Trouble trouble_of_other(const std::string& message, bool is_encrypted) {
  if (is_of_wrong_key(message, is_encrypted))
    return {Reason::cipher_key, "it cannot be read with this cipher key"};
  if (message.contains("[FormatError]") || message.contains("[ChecksumError]"))
    return {Reason::catalog_damaged, "backup.info is damaged"};
  std::string first = message.substr(0, message.find('\n'));
  return {Reason::unreadable, first.empty() ? "it cannot be read" : std::move(first)};
}

/// Codes of src/command/info/info.c.
std::optional<Trouble> trouble_of(std::uint64_t code, const std::string& message, bool is_encrypted) {
  switch (code) {
    case 0:
      return std::nullopt;
    case 1:
      return Trouble{Reason::no_stanza, "there is no such stanza"};
    case 2:
      return Trouble{Reason::no_backups, "the stanza has no backup"};
    case 3:
      return Trouble{Reason::catalog_damaged, "backup.info is missing"};
    default:
      return trouble_of_other(message, is_encrypted);
  }
}

Kind kind_of(const std::string& word) {
  if (word == "diff") return Kind::differential;
  return word == "incr" ? Kind::incremental : Kind::full;
}

Sizes sizes_of(const Json& info) {
  const Json& stored = element(info, "repository");
  return {.database = number_at(info, "size"),
          .delta = number_at(info, "delta"),
          .repository = number_at(stored, "size"),
          .repository_delta = number_at(stored, "delta"),
          .repository_map = number_at(stored, "size-map"),
          .repository_delta_map = number_at(stored, "delta-map")};
}

/// They are told only of a backup that is named: then with its databases, and null stands for none.
std::optional<std::vector<Tablespace>> tablespaces_of(const Json& from) {
  if (find(from, "database-ref") == nullptr) return std::nullopt;
  std::vector<Tablespace> tablespaces;
  for (const Json& each : element(from, "tablespace"))
    tablespaces.push_back({.oid = std::to_string(id_at(each, "oid")),
                           .name = text_at(each, "name").value_or(""),
                           .location = text_at(each, "destination").value_or("")});
  return tablespaces;
}

Backup read_backup(const Json& from) {
  Backup backup;
  backup.label = text_at(from, "label").value_or("");
  backup.kind = kind_of(text_at(from, "type").value_or(""));
  backup.start = epoch_at(element(from, "timestamp"), "start");
  backup.stop = epoch_at(element(from, "timestamp"), "stop");
  backup.sizes = sizes_of(element(from, "info"));
  backup.error = bool_at(from, "error");
  backup.wal_start = text_at(element(from, "archive"), "start").value_or("");
  backup.wal_stop = text_at(element(from, "archive"), "stop").value_or("");
  backup.lsn_start = text_at(element(from, "lsn"), "start").value_or("");
  backup.lsn_stop = text_at(element(from, "lsn"), "stop").value_or("");
  backup.prior = text_at(from, "prior").value_or("");
  for (const Json& reference : element(from, "reference"))
    if (reference.is_string()) backup.references.push_back(reference.get<std::string>());
  for (const auto& [name, value] : element(from, "annotation").items())
    backup.annotations.emplace(name, value.is_string() ? value.get<std::string>() : value.dump());
  for (const Json& database : element(from, "database-ref"))
    backup.databases.push_back(text_at(database, "name").value_or(""));
  backup.tablespaces = tablespaces_of(from);
  backup.database_id = id_at(element(from, "database"), "id");
  backup.tool_version = text_at(element(from, "backrest"), "version").value_or("");
  backup.block_incremental = backup.sizes.repository_delta_map && backup.sizes.repository_map;
  return backup;
}

bool is_of(const Json& entry, std::string_view key, const Json& repository) {
  // Before 2.32 there was one repository, and no key.
  const auto wanted = number_at(repository, "key");
  const auto told = number_at(key.empty() ? entry : element(entry, key), "repo-key");
  return !told || told == wanted;
}

std::optional<bool> is_encrypted(const Repository& repository) {
  return repository.cipher.empty() ? std::nullopt : std::optional(repository.cipher != "none");
}

void complete(Backup& backup, const Repository& repository) {
  backup.encrypted = is_encrypted(repository);
  for (const Database& database : repository.databases)
    if (database.id == backup.database_id) {
      backup.postgres_version = database.version;
      backup.system_identifier = database.system_identifier;
    }
}

Repository read_repository(const Json& stanza, const Json& from) {
  Repository repository;
  repository.keeps_wal = true;
  repository.key = std::to_string(number_at(from, "key").value_or(1));
  repository.cipher = text_at(from, "cipher").value_or("");
  const Json& status = element(from, "status");
  const auto code = number_at(status, "code").value_or(99);
  repository.status = static_cast<int>(code);
  repository.trouble =
      trouble_of(code, text_at(status, "message").value_or(""), is_encrypted(repository).value_or(false));
  for (const Json& database : element(stanza, "db"))
    if (is_of(database, "", from))
      repository.databases.push_back({id_at(database, "id"), number_at(database, "system-id").value_or(0),
                                      text_at(database, "version").value_or("")});
  for (const Json& archive : element(stanza, "archive"))
    if (is_of(archive, "database", from))
      repository.archives.push_back({.id = text_at(archive, "id").value_or(""),
                                     .min = text_at(archive, "min").value_or(""),
                                     .max = text_at(archive, "max").value_or(""),
                                     .database_id = id_at(element(archive, "database"), "id"),
                                     .postgres_version = {}});
  for (const Json& backup : element(stanza, "backup"))
    if (is_of(backup, "database", from)) {
      repository.backups.push_back(read_backup(backup));
      complete(repository.backups.back(), repository);
    }
  std::ranges::stable_sort(repository.backups, {}, &Backup::stop);
  for (Archive& archive : repository.archives)
    for (const Database& database : repository.databases)
      if (database.id == archive.database_id) archive.postgres_version = database.version;
  return repository;
}

Activity read_activity(const Json& status) {
  const Json& backup = element(element(status, "lock"), "backup");
  const Json& restore = element(element(status, "lock"), "restore");
  return {.backup = bool_at(backup, "held").value_or(false),
          .restore = bool_at(restore, "held").value_or(false),
          .size = number_at(backup, "size"),
          .done = number_at(backup, "size-cplt"),
          .restore_size = number_at(restore, "size"),
          .restore_done = number_at(restore, "size-cplt")};
}

Reading read_stanza(const Json& stanza) {
  Reading reading;
  reading.stanza = text_at(stanza, "name").value_or("");
  const Json& status = element(stanza, "status");
  reading.status = static_cast<int>(number_at(status, "code").value_or(99));
  reading.activity = read_activity(status);
  for (const Json& repository : element(stanza, "repo"))
    reading.repositories.push_back(read_repository(stanza, repository));
  if (reading.repositories.empty())
    reading.trouble = trouble_of(static_cast<std::uint64_t>(*reading.status),
                                 text_at(status, "message").value_or(""), false);
  for (const Repository& repository : reading.repositories)
    for (const Backup& backup : repository.backups)
      reading.tool_version = std::max(reading.tool_version, backup.tool_version);
  return reading;
}

/// The names and times of a listing, without a tree of objects: archives have hundreds of thousands of files.
class ListingHandler final : public nlohmann::json_sax<Json> {
 public:
  explicit ListingHandler(WalListing& listing) : listing_(listing) {}
  bool key(string_t& name) override {
    if (depth_ == 1) file_ = name;
    if (depth_ == 2) key_ = name;
    return true;
  }
  bool number_unsigned(number_unsigned_t value) override { return take(static_cast<std::int64_t>(value)); }
  bool number_integer(number_integer_t value) override { return take(value); }
  bool start_object(std::size_t /*elements*/) override { return ++depth_ <= 16; }
  bool end_object() override {
    --depth_;
    return true;
  }
  bool null() override { return true; }
  bool boolean(bool /*value*/) override { return true; }
  bool number_float(number_float_t /*value*/, const string_t& /*text*/) override { return true; }
  bool string(string_t& /*value*/) override { return true; }
  bool binary(binary_t& /*value*/) override { return true; }
  bool start_array(std::size_t /*elements*/) override { return depth_ > 0; }
  bool end_array() override { return true; }
  bool parse_error(std::size_t /*at*/,
                   const std::string& /*token*/,
                   const nlohmann::detail::exception& /*fault*/) override {
    return false;
  }

 private:
  bool take(std::int64_t value) {
    if (depth_ == 2 && key_ == "time") listing_.add_file(file_, timestamp_of(value));
    return true;
  }
  WalListing& listing_;
  int depth_ = 0;
  std::string file_;
  std::string key_;
};

}  // namespace

std::expected<Reading, Error> parse_pgbackrest_info(std::string_view json, std::string_view stanza) {
  const JsonText text = repaired(json);
  const Json stanzas = Json::parse(text.text, nullptr, false);
  if (stanzas.is_discarded()) return std::unexpected(no_info(json.empty() ? "empty" : "no JSON"));
  if (!stanzas.is_array()) return std::unexpected(no_info("no list of stanzas"));
  const Json* found = nullptr;
  for (const Json& each : stanzas) {
    if (!each.is_object()) return std::unexpected(no_info("no list of stanzas"));
    if (stanza.empty() || text_at(each, "name") == stanza) found = found == nullptr ? &each : found;
  }
  if (stanza.empty() && stanzas.size() > 1)
    return std::unexpected(Error{ErrorKind::configuration,
                                 "there are " + std::to_string(stanzas.size()) + " stanzas",
                                 "Name the one that is meant: [[backup]] stanza."});
  if (found == nullptr) {
    Reading nothing;
    nothing.stanza = std::string(stanza);
    nothing.status = 1;
    nothing.trouble = Trouble{Reason::no_stanza, "there is no such stanza"};
    return nothing;
  }
  Reading reading = read_stanza(*found);
  reading.repaired = text.repaired;
  return reading;
}

std::expected<WalListing, Error> parse_pgbackrest_listing(std::string_view json) {
  WalListing listing;
  ListingHandler handler(listing);
  if (!Json::sax_parse(json, &handler))
    return std::unexpected(Error{ErrorKind::query, "what pgbackrest repo-ls wrote is no JSON of files"});
  return listing;
}

}  // namespace pgvigil::backups
