// Errors of the whole program: each has a category that tells the caller what to do about it.
#pragma once

#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace mtlgrid {

// The category decides who handles an error and which exit status it becomes.
enum class ErrorKind {
  bad_input,      // usage, configuration or data: exit 2, before any training, nothing written
  cell_failed,    // this cell cannot be trained (non-finite loss, numerical error): other cells can
  out_of_memory,  // the device has no room for a pack of cells: fewer may fit; a single cell has failed
  fatal,          // a fault of the program or a library: exit 4
  needs_person,   // disk full, store held by another run: exit 5
};

class Error : public std::runtime_error {
 public:
  Error(ErrorKind kind, const std::string& message) : std::runtime_error(message), kind_(kind) {}
  ErrorKind kind() const { return kind_; }

 private:
  ErrorKind kind_;
};

// Bad input, with every problem found: one line each, "FILE, row R: what was found, what was expected".
// Rows count from 1 as an editor shows them, the header being row 1. what() joins the lines.
class InputError : public Error {
 public:
  explicit InputError(std::vector<std::string> problems)
      : Error(ErrorKind::bad_input, joined(problems)), problems_(std::move(problems)) {}
  explicit InputError(const std::string& problem) : InputError(std::vector<std::string>{problem}) {}
  const std::vector<std::string>& problems() const { return problems_; }

 private:
  static std::string joined(const std::vector<std::string>& lines) {
    std::string out;
    for (const auto& line : lines) out += (out.empty() ? "" : "\n") + line;
    return out;
  }
  std::vector<std::string> problems_;
};

// Collects problems while the remaining checks still run, so that a user sees all of them at once. A line that was
// added before is not added again: pairs that share a column find the same fault in it.
class Problems {
 public:
  void add(std::string line) {
    if (seen_.insert(line).second) lines_.push_back(std::move(line));
  }
  // Runs `check` and adds the problems of an InputError that it throws. Other exceptions are passed on.
  template <typename Check>
  void collect(Check&& check) {
    try {
      check();
    } catch (const InputError& e) {
      for (const auto& line : e.problems()) add(line);
    }
  }
  bool empty() const { return lines_.empty(); }
  const std::vector<std::string>& lines() const { return lines_; }
  void throw_if_any() const {
    if (!lines_.empty()) throw InputError(lines_);
  }

 private:
  std::vector<std::string> lines_;  // in the order found
  std::set<std::string> seen_;
};

}  // namespace mtlgrid
