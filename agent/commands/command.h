#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pgvigil::agent {

/// The words after the command's name, and what may be asked of them. A mistake is printed with the way out,
/// and the command ends with exit status 2.
class Arguments {
 public:
  explicit Arguments(std::vector<std::string> words) : words_(std::move(words)) {}

  /// The value of "--name value" or "--name=value"; the pair is taken out.
  std::optional<std::string> option(std::string_view name);
  /// Whether the flag "--name" is there; it is taken out.
  bool flag(std::string_view name);
  /// The next word that is no option; it is taken out.
  std::optional<std::string> word();
  /// What is wrong with the words: an option without its value, or what nobody has taken. Empty when all is
  /// well.
  std::string complaint() const;

 private:
  std::vector<std::string> words_;
  std::string complaint_;
};

/// One subcommand: a row of the table in main.cpp.
struct Command {
  std::string_view name;
  std::string_view summary;  ///< one line
  std::string_view usage;    ///< what `pgvigil NAME --help` prints
  int (*run)(Arguments arguments);
};

/// Prints the complaint about the arguments and says where help is. Returns the exit status for wrong
/// usage, 2.
int wrong_usage(std::string_view command, std::string_view complaint);

}  // namespace pgvigil::agent
