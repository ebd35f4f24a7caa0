#include "tests/unit/fixture.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>

std::string fixture(const std::string& name) {
  std::ifstream file(std::filesystem::path(PGVIGIL_SOURCE_DIR) / "tests/fixtures" / name);
  INFO(name);
  REQUIRE(file);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}
