#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "collectors/model/secret.h"

namespace pgvigil::agent::notify {

/// "v1," and the base64 of HMAC-SHA256 over `id.timestamp.body`: the signature of Standard Webhooks
/// (standardwebhooks.com, symmetric). Several secrets, with a space between them, give several signatures, so
/// that they can be rotated. A secret is "whsec_" and base64, or taken as it is. The one door to OpenSSL.
std::string webhook_signature(const Secret& secrets,
                              std::string_view id,
                              std::string_view timestamp,
                              std::string_view body);

/// The text in base64, on one line.
std::string base64(std::string_view text);

}  // namespace pgvigil::agent::notify
