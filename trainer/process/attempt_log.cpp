#include "trainer/process/attempt_log.h"

#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <system_error>

#include "base/clock.h"
#include "base/file_descriptor.h"
#include "base/log_file.h"
#include "results/store/layout.h"
#include "results/store/store_folders.h"

namespace mtlgrid {
namespace {

namespace fs = std::filesystem;

// -1 where it cannot be made: a log ends nothing. What the attempt needs (checkpoints, weights) says what is wrong with
// the folder when its time comes.
int open_log(const fs::path& folder) {
  const std::error_code error = make_attempt_folder(folder);
  const fs::path file = folder / kAttemptLog;
  FileDescriptor log = open_log_file(file);
  if (!log) {
    std::fprintf(stderr, "%s cannot be written (%s): what the attempt tells goes here\n", file.c_str(),
                 error ? error.message().c_str() : std::strerror(errno));
  }
  return log.release();
}

// One that cannot be made costs a way to find the log, nothing else; what stands there already is the same attempt's.
void link_log(const fs::path& folder, const fs::path& first) {
  std::error_code ignored = make_attempt_folder(folder);
  fs::create_symlink(fs::relative(first / kAttemptLog, folder, ignored), folder / kAttemptLog, ignored);
}

}  // namespace

AttemptLog::AttemptLog(const TrainPack& pack, const Environment& where) {
  const fs::path first = pack.members[0].directory;
  const int log = open_log(first);
  std::string members;
  for (const Train& member : pack.members) {
    if (&member != &pack.members[0]) link_log(member.directory, first);
    members += fmt::format(" {} attempt {}", member.cell.name(), member.attempt);
  }
  std::fflush(nullptr);
  if (log >= 0) {
    stdout_ = ::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
    stderr_ = ::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
    ::dup2(log, STDOUT_FILENO);
    ::dup2(log, STDERR_FILENO);
    ::close(log);
  }
  std::fprintf(stderr, "%s",
               fmt::format("{:%FT%TZ} process {} on {}, rank {}, {}:{}\n",
                           fmt::gmtime(static_cast<std::time_t>(Clock::real().now())), ::getpid(), where.host,
                           where.rank, where.device, members)
                   .c_str());
}

AttemptLog::~AttemptLog() {
  std::fflush(nullptr);
  for (const auto& [before, now] : {std::pair(stdout_, STDOUT_FILENO), std::pair(stderr_, STDERR_FILENO)}) {
    if (before < 0) continue;
    ::dup2(before, now);
    ::close(before);
  }
}

}  // namespace mtlgrid
