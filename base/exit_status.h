// Exit statuses of the program; docs/command-line.md has the table.
#pragma once

#include "base/errors.h"

namespace mtlgrid {

enum ExitStatus {
  kAllDone = 0,
  kSomeFailed = 1,
  kBadInput = 2,
  kStopped = 3,
  kFatal = 4,
  kNeedsPerson = 5,
  kReaderGone = 141,  // 128 + SIGPIPE: what a shell reports of every command before `| head`
};

inline int exit_status(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::bad_input:
      return kBadInput;
    case ErrorKind::cell_failed:
    case ErrorKind::out_of_memory:
      return kSomeFailed;
    case ErrorKind::needs_person:
      return kNeedsPerson;
    case ErrorKind::fatal:
      break;
  }
  return kFatal;
}

}  // namespace mtlgrid
