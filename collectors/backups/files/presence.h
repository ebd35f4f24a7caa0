#pragma once

#include <filesystem>
#include <system_error>

namespace pgvigil::backups {

// What cannot be looked at is not there: where a folder may not be entered, or links go in circles,
// std::filesystem::exists() and is_directory() throw unless they are given a place for the error.

inline bool is_there(const std::filesystem::path& path) {
  std::error_code fault;
  return std::filesystem::exists(path, fault);
}

inline bool is_folder(const std::filesystem::path& path) {
  std::error_code fault;
  return std::filesystem::is_directory(path, fault);
}

}  // namespace pgvigil::backups
