#include "collectors/model/error.h"

namespace pgvigil {

std::string_view to_string(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::configuration:
      return "configuration";
    case ErrorKind::unreachable:
      return "unreachable";
    case ErrorKind::authentication:
      return "authentication";
    case ErrorKind::too_many_connections:
      return "too_many_connections";
    case ErrorKind::not_accepting:
      return "not_accepting";
    case ErrorKind::connection_lost:
      return "connection_lost";
    case ErrorKind::timed_out:
      return "timed_out";
    case ErrorKind::cancelled:
      return "cancelled";
    case ErrorKind::lock_timeout:
      return "lock_timeout";
    case ErrorKind::permission:
      return "permission";
    case ErrorKind::undefined:
      return "undefined";
    case ErrorKind::query:
      return "query";
    case ErrorKind::interrupted:
      return "interrupted";
    case ErrorKind::limit:
      return "limit";
    case ErrorKind::storage:
      return "storage";
    case ErrorKind::internal:
      return "internal";
  }
  return "internal";
}

bool server_answered(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::cancelled:
    case ErrorKind::lock_timeout:
    case ErrorKind::permission:
    case ErrorKind::undefined:
    case ErrorKind::query:
      return true;
    case ErrorKind::configuration:
    case ErrorKind::unreachable:
    case ErrorKind::authentication:
    case ErrorKind::too_many_connections:
    case ErrorKind::not_accepting:
    case ErrorKind::connection_lost:
    case ErrorKind::timed_out:
    case ErrorKind::interrupted:
    case ErrorKind::limit:
    case ErrorKind::storage:
    case ErrorKind::internal:
      return false;
  }
  return false;
}

}  // namespace pgvigil
