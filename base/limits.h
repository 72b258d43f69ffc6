// Limits that a shell, a batch system or the kernel sets to processes: which one was met, and what to raise.
//
// Meeting one is the machine's fault, as a full disk is: no cell is to blame, and the run ends with status 5.
#pragma once

#include <exception>
#include <optional>
#include <string>
#include <string_view>

#include "base/errors.h"

namespace mtlgrid {

enum class Limit { memory, processes, open_files, processor_time, stack };

// Of this process, whose children inherit its limits: how much it may have, and what to raise, e.g. "a process may have
// 2048 MiB of address space here (ulimit -v): raise that limit, then run again".
std::string advice_on(Limit limit);

// The limit that a failed system call met, by its errno; nullopt if it met none. EAGAIN counts as one of processes and
// threads: ask only for calls that start one.
std::optional<Limit> limit_of(int number);

// "WHAT; ADVICE", with the kind needs_person.
class LimitError : public Error {
 public:
  LimitError(const std::string& what, Limit limit)
      : Error(ErrorKind::needs_person, what + "; " + advice_on(limit)), limit_(limit) {}
  Limit limit() const { return limit_; }

 private:
  Limit limit_;
};

// The limit that an exception of a library tells of: std::bad_alloc, std::system_error of a thread or a file,
// LibTorch's allocator. nullopt for any other.
std::optional<LimitError> limit_met(const std::exception& error);

// The limit that ended a child with this wait status (waitpid) after `seconds` of processor time; `last_words` is the
// end of what it wrote to stderr. nullopt if nothing says that it was one.
std::optional<Limit> limit_that_ended(int status, double seconds, std::string_view last_words);

// The same of a child that ended before it said anything: where memory is limited, whatever ended it is counted as
// that.
std::optional<Limit> limit_at_start(int status);

// Throws LimitError unless `count` threads can be started at the same time. Libraries that are refused one later end
// the process in the middle of their work.
void require_threads(int count);

// Lowers the soft limit on this process's processor time below the hard one, so that SIGXCPU, which can be heeded,
// comes before SIGKILL. Nothing where there is no hard limit. advice_on() names the limit that was there.
void leave_time_before_kill();

// From now on a SIGSEGV, SIGBUS or SIGABRT in a process whose address space or data are limited, and nearly used up,
// tells advice_on(Limit::memory) to stderr and ends the process with `status`: libraries that do not look whether they
// were given memory end by these signals. Where memory is not scarce they do what they do by default.
void end_where_memory_is_scarce(int status);

}  // namespace mtlgrid
