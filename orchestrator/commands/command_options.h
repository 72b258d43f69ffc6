// Options and arguments of one command: Boost.Program_options, with help made from the same declarations.
#pragma once

#include <boost/program_options.hpp>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "orchestrator/commands/command.h"

namespace mtlgrid {

// A command's `declare` names arguments and options, its `run` reads their values:
//   options.argument("CONFIG", "configuration file").flag("drops", "name every dropped patient");
//   const auto config = options.get<std::string>("CONFIG");
class CommandOptions {
 public:
  // Declares --help and what the command declares.
  explicit CommandOptions(Command command);

  // A positional argument, in the order of the calls; required ones first.
  CommandOptions& argument(const std::string& name, const std::string& help, bool required = true);
  CommandOptions& flag(const std::string& name, const std::string& help);
  // An option with a text value; `placeholder` is how the help calls the value. Without a default it may be absent.
  CommandOptions& option(const std::string& name, const std::string& placeholder, const std::string& help);
  CommandOptions& option(const std::string& name, const std::string& placeholder, const std::string& help,
                         const std::string& otherwise);
  // An option with a whole number as value.
  CommandOptions& number(const std::string& name, const std::string& placeholder, const std::string& help);
  CommandOptions& number(const std::string& name, const std::string& placeholder, const std::string& help,
                         long long otherwise);

  // The same, where the value may be left out: then it is `implied`. It follows as the next word or after `=`.
  CommandOptions& optional_number(const std::string& name, const std::string& placeholder, const std::string& help,
                                  long long implied);

  // Parses. False if --help was given: the help has been printed to stdout. Throws InputError on bad usage.
  // No abbreviations: a typing error must not become another option.
  bool parse(const std::vector<std::string>& arguments);

  // Whether the user gave it (or it has a default). Flags: whether it was given.
  bool has(const std::string& name) const;
  // T: std::string for arguments and options, long long for numbers.
  template <typename T>
  T get(const std::string& name) const {
    return values_.at(name).as<T>();
  }
  // The value as a path, absolute; empty if the option was not given.
  std::filesystem::path path(const std::string& name) const;
  // A number checked to lie in [low, high]; throws InputError otherwise.
  long long number_in(const std::string& name, long long low, long long high) const;

  // STORE and --grid, which all commands that read a store have, and the grid if one was given.
  CommandOptions& store();
  std::optional<std::int64_t> grid() const;

  // --init, which all commands that train or plan cells have; its value is path("init").
  CommandOptions& init();

  // The whole help text: usage line, summary, arguments and options, example.
  std::string help() const;

 private:
  std::vector<std::string> with_values_joined(const std::vector<std::string>& arguments) const;

  struct Argument {
    std::string name, help;
    bool required;
  };
  Command command_;
  std::vector<Argument> arguments_;
  std::vector<std::string> flags_;
  std::vector<std::string> implied_;  // options whose value may be left out
  boost::program_options::options_description options_;
  boost::program_options::variables_map values_;
};

// Throws InputError naming `option` if `file` is a folder, or the folder it would lie in is not there.
void check_output_file(const std::string& option, const std::filesystem::path& file);

// "md,csv" -> {"md", "csv"}: elements trimmed; throws InputError naming `option` for an empty element or one that is
// not in `known` (naming the nearest).
std::vector<std::string> split_list(const std::string& option, const std::string& text,
                                    const std::vector<std::string>& known);

}  // namespace mtlgrid
