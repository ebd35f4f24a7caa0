#include "collectors/backups/cloudnativepg_json.h"
#include "collectors/backups/reader.h"

namespace pgvigil::backups {

Reading read_cloudnativepg(const Look& look) {
  const auto text = content_of(look, look.source.file);
  auto reading = text ? parse_cloudnativepg(*text, look.source.stanza) : std::unexpected(text.error());
  if (reading) return std::move(*reading);
  Reading none;
  none.stanza = look.source.stanza;
  none.trouble = trouble_of(reading.error());
  return none;
}

}  // namespace pgvigil::backups
