#include "collectors/backups/packing/unpacker.h"

namespace pgvigil::backups {

std::unique_ptr<Unpacker> unpacker_of(Packing packing, Bytes most_memory) {
  switch (packing) {
    case Packing::gzip:
      return gzip_unpacker();
    case Packing::zstd:
      return zstd_unpacker(most_memory);
    case Packing::xz:
      return xz_unpacker(most_memory);
    case Packing::bzip2:
      return bzip2_unpacker();
    case Packing::lz4:
      return lz4_unpacker();
    case Packing::none:
    case Packing::gpg:
    case Packing::age:
      break;
  }
  return nullptr;
}

}  // namespace pgvigil::backups
