#include "orchestrator/commands/command_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "base/errors.h"
#include "base/nearest.h"
#include "base/paths.h"
#include "base/telling.h"

namespace mtlgrid {
namespace po = boost::program_options;
namespace {

constexpr unsigned kHelpWidth = 110;

}  // namespace

CommandOptions::CommandOptions(Command command) : command_(std::move(command)), options_("Options", kHelpWidth) {
  flag("help", "prints this help");
  command_.declare(*this);
}

CommandOptions& CommandOptions::argument(const std::string& name, const std::string& help, bool required) {
  arguments_.push_back({name, help, required});
  return *this;
}

CommandOptions& CommandOptions::arguments(const std::string& name, const std::string& help) {
  arguments_.push_back({name, help, true, true});
  return *this;
}

CommandOptions& CommandOptions::flag(const std::string& name, const std::string& help) {
  options_.add_options()(name.c_str(), help.c_str());
  flags_.push_back(name);
  return *this;
}

CommandOptions& CommandOptions::option(const std::string& name, const std::string& placeholder,
                                       const std::string& help) {
  options_.add_options()(name.c_str(), po::value<std::string>()->value_name(placeholder), help.c_str());
  return *this;
}

CommandOptions& CommandOptions::option(const std::string& name, const std::string& placeholder, const std::string& help,
                                       const std::string& otherwise) {
  options_.add_options()(name.c_str(), po::value<std::string>()->value_name(placeholder)->default_value(otherwise),
                         help.c_str());
  return *this;
}

CommandOptions& CommandOptions::number(const std::string& name, const std::string& placeholder,
                                       const std::string& help) {
  options_.add_options()(name.c_str(), po::value<long long>()->value_name(placeholder), help.c_str());
  return *this;
}

CommandOptions& CommandOptions::optional_number(const std::string& name, const std::string& placeholder,
                                                const std::string& help, long long implied) {
  options_.add_options()(name.c_str(), po::value<long long>()->value_name(placeholder)->implicit_value(implied),
                         help.c_str());
  implied_.push_back("--" + name);
  return *this;
}

CommandOptions& CommandOptions::number(const std::string& name, const std::string& placeholder, const std::string& help,
                                       long long otherwise) {
  options_.add_options()(name.c_str(), po::value<long long>()->value_name(placeholder)->default_value(otherwise),
                         help.c_str());
  return *this;
}

CommandOptions& CommandOptions::renamed(const std::string& old_name, const std::string& name) {
  renamed_.emplace_back("--" + old_name, "--" + name);
  return *this;
}

std::vector<std::string> CommandOptions::with_new_names(std::vector<std::string> arguments) {
  // Whether `word` is the option alone, or the option with its value after `=`.
  const auto is = [](const std::string& word, const std::string& option) {
    return word == option || word.starts_with(option + "=");
  };
  for (const auto& [old_name, name] : renamed_) {
    bool old_given = false, new_given = false;
    for (std::string& word : arguments) {
      new_given = new_given || is(word, name);
      if (!is(word, old_name)) continue;
      word.replace(0, old_name.size(), name);
      old_given = true;
    }
    if (!old_given) continue;
    if (new_given) {
      throw InputError(fmt::format("{0}: {1} is the old name of {2}; give {2} alone", command_.name, old_name, name));
    }
    warnings_.push_back(fmt::format("{} {} is now called {}; the next release will not accept the old name",
                                    command_.name, old_name, name));
  }
  return arguments;
}

// Boost accepts an optional value after `=` only, so a number that follows such an option is joined to it.
std::vector<std::string> CommandOptions::with_values_joined(const std::vector<std::string>& arguments) const {
  std::vector<std::string> joined;
  for (const std::string& word : arguments) {
    const bool number = !word.empty() && word.find_first_not_of("0123456789") == std::string::npos;
    const bool awaited =
        !joined.empty() && std::find(implied_.begin(), implied_.end(), joined.back()) != implied_.end();
    if (number && awaited) {
      joined.back() += "=" + word;
    } else {
      joined.push_back(word);
    }
  }
  return joined;
}

bool CommandOptions::parse(const std::vector<std::string>& arguments) {
  po::options_description all;
  po::positional_options_description positional;
  all.add(options_);
  for (const Argument& argument : arguments_) {
    if (argument.repeated) {
      all.add_options()(argument.name.c_str(), po::value<std::vector<std::string>>());
    } else {
      all.add_options()(argument.name.c_str(), po::value<std::string>());
    }
    positional.add(argument.name.c_str(), argument.repeated ? -1 : 1);
  }
  const std::string hint = fmt::format("mtlgrid {} --help", command_.name);
  const std::vector<std::string> words = with_new_names(arguments);
  try {
    const int style = po::command_line_style::unix_style & ~po::command_line_style::allow_guessing;
    po::store(po::command_line_parser(with_values_joined(words)).options(all).positional(positional).style(style).run(),
              values_);
  } catch (const po::too_many_positional_options_error&) {
    throw InputError(
        fmt::format("{}: too many arguments, expected at most {}; see {}", command_.name, arguments_.size(), hint));
  } catch (const po::error& e) {
    throw InputError(fmt::format("{}: {}; see {}", command_.name, e.what(), hint));
  }
  if (has("help")) {
    put_result(help());
    return false;
  }
  for (const Argument& argument : arguments_) {
    if (argument.required && !has(argument.name)) {
      throw InputError(
          fmt::format("{}: {} is missing ({}); see {}", command_.name, argument.name, argument.help, hint));
    }
  }
  return true;
}

bool CommandOptions::has(const std::string& name) const { return values_.count(name) != 0; }

std::filesystem::path CommandOptions::path(const std::string& name) const {
  return has(name) ? system_path(get<std::string>(name)) : std::filesystem::path();
}

long long CommandOptions::number_in(const std::string& name, long long low, long long high) const {
  const auto value = get<long long>(name);
  if (value < low || value > high) {
    throw InputError(
        fmt::format("{}: --{} {}: expected a number from {} to {}", command_.name, name, value, low, high));
  }
  return value;
}

CommandOptions& CommandOptions::store() {
  reads_store_ = true;
  argument("STORE", "the store; during a run its snapshot is read");
  return number("grid", "ID", "number of a grid in the store; default: the one with results");
}

CommandOptions& CommandOptions::init() {
  return option(
      "init", "FILE",
      "initial weights: a PyTorch state dict (.pt) that fits the cells, which makes a separate grid; default: drawn");
}

std::optional<std::int64_t> CommandOptions::grid() const {
  return has("grid") ? std::optional<std::int64_t>(get<long long>("grid")) : std::nullopt;
}

std::vector<std::string> CommandOptions::option_names() const {
  std::vector<std::string> names;
  for (const auto& option : options_.options()) {
    if (option->long_name() != "help") names.push_back(option->long_name());
  }
  return names;
}

std::string CommandOptions::help() const {
  std::string usage = fmt::format("Usage: mtlgrid {}", command_.name);
  std::string listed;
  for (const Argument& argument : arguments_) {
    usage += argument.required ? fmt::format(" {}", argument.name) : fmt::format(" [{}]", argument.name);
    if (argument.repeated) usage += "...";
    listed += fmt::format("  {:<10} {}\n", argument.name, argument.help);
  }
  std::ostringstream options;
  options << options_;
  return fmt::format("{} [options]\n{}\n\n{}{}\n{}\nExample:\n  {}\n", usage, command_.summary,
                     listed.empty() ? "" : "Arguments:\n", listed, options.str(), command_.example);
}

std::vector<std::string> split_list(const std::string& option, const std::string& text,
                                    const std::vector<std::string>& known) {
  std::vector<std::string> parts;
  std::istringstream stream(text + ",");
  for (std::string part; std::getline(stream, part, ',');) {
    const auto first = part.find_first_not_of(' '), last = part.find_last_not_of(' ');
    part = first == std::string::npos ? "" : part.substr(first, last - first + 1);
    if (part.empty()) throw InputError(fmt::format("{}: '{}' has an empty element", option, text));
    if (std::find(known.begin(), known.end(), part) == known.end()) {
      throw InputError(fmt::format("{}: unknown '{}'{}", option, part, did_you_mean(part, known)));
    }
    parts.push_back(part);
  }
  return parts;
}

}  // namespace mtlgrid
