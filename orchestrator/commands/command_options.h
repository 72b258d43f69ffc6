// Options and arguments of one command: Boost.Program_options, with the help made from the same declarations.
#pragma once

#include <boost/program_options.hpp>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
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
  // The last argument, of which there must be one and may be several; get() it as std::vector<std::string>.
  CommandOptions& arguments(const std::string& name, const std::string& help);
  CommandOptions& flag(const std::string& name, const std::string& help);
  // An option with a text value, which the help calls `placeholder`. Without `otherwise`, the default, it may be
  // absent.
  CommandOptions& option(const std::string& name, const std::string& placeholder, const std::string& help);
  CommandOptions& option(const std::string& name, const std::string& placeholder, const std::string& help,
                         const std::string& otherwise);
  // An option with a whole number as value.
  CommandOptions& number(const std::string& name, const std::string& placeholder, const std::string& help);
  CommandOptions& number(const std::string& name, const std::string& placeholder, const std::string& help,
                         long long otherwise);

  // The same, where the value may be omitted and is then `implied`. It is the next word, or follows after `=`.
  CommandOptions& optional_number(const std::string& name, const std::string& placeholder, const std::string& help,
                                  long long implied);

  // `old_name` was the name of the option `name`. For one release it is still accepted in its place: a warning says so,
  // and the help does not show it. parse() throws InputError if both are given.
  CommandOptions& renamed(const std::string& old_name, const std::string& name);
  // One line for each old name that parse() met; the command that has renamed options says them.
  const std::vector<std::string>& warnings() const { return warnings_; }

  // Parses. Returns false after --help, whose text it has printed to stdout. Throws InputError for bad usage.
  // Abbreviations are errors: a typing error must not become another option.
  bool parse(const std::vector<std::string>& arguments);

  // Whether an argument or option has a value, given or by default. Flags: whether the flag was given.
  bool has(const std::string& name) const;
  // T: std::string for arguments and options, long long for numbers, a vector of std::string for arguments().
  template <typename T>
  T get(const std::string& name) const {
    return values_.at(name).as<T>();
  }
  // The value as a path, absolute; empty if the option was not given.
  std::filesystem::path path(const std::string& name) const;
  // A number; throws InputError if it is outside [low, high].
  long long number_in(const std::string& name, long long low, long long high) const;

  // STORE and --grid, which all commands that read a store have; and the value of --grid, if given.
  CommandOptions& store();
  bool reads_store() const { return reads_store_; }  // whether store() was called
  std::optional<std::int64_t> grid() const;

  // --init, which all commands that train or plan cells have; its value is path("init").
  CommandOptions& init();

  // The declared options without leading dashes, in the order of their declaration, except `help`.
  std::vector<std::string> option_names() const;
  // The whole help text: usage line, summary, arguments and options, example.
  std::string help() const;

 private:
  std::vector<std::string> with_new_names(std::vector<std::string> arguments);
  std::vector<std::string> with_values_joined(const std::vector<std::string>& arguments) const;

  struct Argument {
    std::string name, help;
    bool required;
    bool repeated = false;
  };
  Command command_;
  bool reads_store_ = false;
  std::vector<Argument> arguments_;
  std::vector<std::string> flags_;
  std::vector<std::string> implied_;                          // options whose value may be omitted
  std::vector<std::pair<std::string, std::string>> renamed_;  // old and new names
  std::vector<std::string> warnings_;
  boost::program_options::options_description options_;
  boost::program_options::variables_map values_;
};

// "md,csv" -> {"md", "csv"}: elements trimmed; throws InputError naming `option` for an empty element or one that is
// not in `known`, and suggests the nearest known one.
std::vector<std::string> split_list(const std::string& option, const std::string& text,
                                    const std::vector<std::string>& known);

}  // namespace mtlgrid
