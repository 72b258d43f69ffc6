// Errors of the system while a file was read, which are neither the file's nor the cell's fault.
#pragma once

#include <filesystem>
#include <string>

#include "base/errors.h"

namespace mtlgrid {

// A file could not be read for a reason outside the file: no more descriptors, an error of the disk or the file server,
// no permission, a lock, a missing filter. It may be read later or on another machine: whoever trains a cell tries
// again and never fails it for good. Its kind is needs_person: where the data are checked, exit 5.
class SystemError : public Error {
 public:
  // "FILE: CAUSE; ADVICE". `number`: the errno, or 0 where there was none.
  SystemError(const std::filesystem::path& file, std::string cause, std::string advice, int number = 0);
  const std::string& cause() const { return cause_; }    // without the file: the same for all files it befalls
  const std::string& advice() const { return advice_; }  // what to do
  // Whether the same call may succeed a moment later.
  bool may_pass() const;
  int number() const { return number_; }

 private:
  std::string cause_, advice_;
  int number_;
};

// Whether a system call that failed with this errno may succeed a moment later: an error of the disk or the file
// server, a lock, a table of the kernel that is full.
bool may_pass(int number);

// A failed system call on a file: says what `number` (an errno) means and what to do.
SystemError system_error(const std::filesystem::path& file, int number);

}  // namespace mtlgrid
