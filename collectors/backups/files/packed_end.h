#pragma once

#include <string_view>

namespace pgvigil::backups {

/// Whether a file that is packed with xz, bzip2 or lz4 (by its first bytes) ends as its format says, by its last ones: the
/// footer of xz, the end mark of lz4, the end of stream of bzip2, which begins at any bit. It shows a file that is cut
/// off, and nothing of what is in it. True for what is packed in another way.
bool ends_as_packed(std::string_view head, std::string_view tail);

}  // namespace pgvigil::backups
