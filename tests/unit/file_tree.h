#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include <catch2/catch.hpp>

namespace pgvigil {

/// A folder of a test, with files; gone with it.
class FileTree {
 public:
  FileTree() {
    std::string name = (std::filesystem::temp_directory_path() / "pgvigil-tree-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~FileTree() { std::filesystem::remove_all(path_); }
  FileTree(const FileTree&) = delete;
  FileTree& operator=(const FileTree&) = delete;

  /// Makes the file, and the folders that it lies in.
  FileTree& put(const std::string& name, const std::string& text) {
    const std::filesystem::path path = path_ + "/" + name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
    return *this;
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace pgvigil
