#pragma once

#include "collectors/patroni/patroni_collector.h"

namespace pgvigil::agent {

/// Asks the REST API of Patroni. Whoever has it is alone with it. Error `unreachable` and the
/// like as HttpClient gives them, `query` when the answer is not 200.
patroni::Get patroni_api(const patroni::Address& address);

}  // namespace pgvigil::agent
