#pragma once

#include <expected>
#include <string>

#include "collectors/model/error.h"
#include "collectors/model/secret.h"
#include "collectors/postgres/connection_settings.h"

namespace pgvigil::postgres {

/// Who connects. Empty fields leave the choice to the DSN and to libpq (PGPASSWORD, passfile, service file).
struct Credentials {
  std::string user;
  Secret password;
};

/// Reads user and password from where the settings say they are: at every call anew, because secrets rotate.
std::expected<Credentials, Error> read_credentials(const ConnectionSettings& settings);

}  // namespace pgvigil::postgres
