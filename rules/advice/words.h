#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace pgvigil::rules::advice {

/// "12 MB", "1.5 GB": multiples of 1024, as Postgres's pg_size_pretty() and its parameters have them.
std::string bytes_words(double bytes);

/// "1,234,567"; beyond a billion "1.2 billion".
std::string count_words(double count);

/// "37 days", "5 hours", "12 minutes", "3.2 s", "45 ms": the largest unit alone.
std::string time_words(std::chrono::duration<double> time);

/// "12 %"
std::string share_words(double ratio);

/// "3.5 times"
std::string times_words(double ratio);

/// A size that a server parameter takes, in whole megabytes: "512MB".
std::string parameter_size(double bytes);

}  // namespace pgvigil::rules::advice
