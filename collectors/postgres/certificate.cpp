#include "collectors/postgres/certificate.h"

#include <openssl/ssl.h>

#include <algorithm>
#include <ctime>

#include "collectors/model/instant.h"

namespace pgvigil::postgres {
namespace {

std::optional<Timestamp> not_after(const X509* certificate) {
  std::tm fields{};
  const ASN1_TIME* end = X509_get0_notAfter(certificate);
  if (end == nullptr || ASN1_TIME_to_tm(end, &fields) != 1) return std::nullopt;
  return timestamp_of(std::int64_t{timegm(&fields)});  // it is UTC
}

}  // namespace

std::optional<Timestamp> certificates_not_after(PGconn* conn) {
  auto* session = static_cast<SSL*>(PQsslStruct(conn, "OpenSSL"));
  if (session == nullptr) return std::nullopt;
  const STACK_OF(X509)* chain =
      SSL_get_peer_cert_chain(session);  // a client's: the server's own is the first
  std::optional<Timestamp> first;
  for (int i = 0; chain != nullptr && i < sk_X509_num(chain); ++i)
    if (const auto end = not_after(sk_X509_value(chain, i))) first = std::min(first.value_or(*end), *end);
  return first;
}

}  // namespace pgvigil::postgres
