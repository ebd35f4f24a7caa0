#pragma once

#include <string>

/// The text of tests/fixtures/NAME. Fails the test when there is none.
std::string fixture(const std::string& name);
