// What is told is lost where it cannot be written; a result that cannot be written is an error.
#include "base/telling.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <functional>
#include <string>

#include "base/errors.h"
#include "base/file_descriptor.h"

namespace mtlgrid {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;

// Runs `body` in a child whose descriptor `number` is a copy of `file` (-1: closed); returns its exit status, or minus
// the signal that ended it.
int in_child(int number, int file, const std::function<int()>& body) {
  const pid_t pid = fork();
  if (pid == 0) {
    if (file < 0) {
      close(number);
    } else {
      dup2(file, number);
    }
    std::_Exit(body());
  }
  int status = 0;
  waitpid(pid, &status, 0);
  return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

struct Pipe {
  Pipe() {
    int ends[2] = {-1, -1};
    if (pipe2(ends, O_CLOEXEC) != 0) std::abort();
    read = FileDescriptor(ends[0]);
    write = FileDescriptor(ends[1]);
  }
  std::string content() {
    write.close();
    std::string text(1 << 16, '\0');
    text.resize(static_cast<std::size_t>(std::max<ssize_t>(0, ::read(read.get(), text.data(), text.size()))));
    return text;
  }
  FileDescriptor read, write;
};

int telling() {
  prepare_standard_files();
  errno = 77;
  tell("some text\n");
  tell_line("a line");
  tell_message("a message");
  return errno == 77 ? 0 : 1;
}

TEST(Telling, ChangesNothingWhereverTheTextGoes) {
  const FileDescriptor full(open("/dev/full", O_WRONLY | O_CLOEXEC)),
      only_read(open("/dev/null", O_RDONLY | O_CLOEXEC));
  EXPECT_EQ(in_child(STDERR_FILENO, full.get(), telling), 0);
  EXPECT_EQ(in_child(STDERR_FILENO, only_read.get(), telling), 0);
  EXPECT_EQ(in_child(STDERR_FILENO, -1, telling), 0);
  Pipe unread;
  unread.read.close();
  EXPECT_EQ(in_child(STDERR_FILENO, unread.write.get(), telling), 0) << "no SIGPIPE";
}

TEST(Telling, DoesNotWaitForAPipeThatTakesNothing) {
  Pipe stuck;
  const std::string much(1 << 20, 'x');  // more than a pipe holds
  EXPECT_EQ(in_child(STDERR_FILENO, stuck.write.get(),
                     [&] {
                       alarm(60);
                       tell(much);
                       tell("the end");
                       return 0;
                     }),
            0);
}

TEST(Telling, GivesMessagesTheDateInALogAndEscapesThem) {
  Pipe log;
  EXPECT_EQ(in_child(STDERR_FILENO, log.write.get(),
                     [] {
                       tell_message("a\x1b[2Jb\nc");
                       return 0;
                     }),
            0);
  EXPECT_THAT(log.content(), MatchesRegex("[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2} a.x1b.2Jb\nc\n"));
}

// 0: written; 1: reader gone; 2: Error(needs_person) whose text has `expected`; 3: another error.
int put(const std::string& text, const std::string& expected = "") {
  prepare_standard_files();
  try {
    put_result(text);
    return 0;
  } catch (const ReaderGone&) {
    return 1;
  } catch (const Error& e) {
    const bool told = std::string(e.what()).find(expected) != std::string::npos;
    return e.kind() == ErrorKind::needs_person && told ? 2 : 3;
  }
}

TEST(Results, AreWrittenWholeOrAnError) {
  Pipe out;
  EXPECT_EQ(in_child(STDOUT_FILENO, out.write.get(), [] { return put("all of it\n"); }), 0);
  EXPECT_EQ(out.content(), "all of it\n");
  const FileDescriptor full(open("/dev/full", O_WRONLY | O_CLOEXEC));
  EXPECT_EQ(in_child(STDOUT_FILENO, full.get(), [] { return put("x", "No space left on device; free space"); }), 2);
  EXPECT_EQ(in_child(STDOUT_FILENO, full.get(), [] { return put(""); }), 0) << "nothing is always written";
  EXPECT_EQ(in_child(STDOUT_FILENO, -1, [] { return put("x", "it is closed"); }), 2);
  Pipe unread;
  unread.read.close();
  EXPECT_EQ(in_child(STDOUT_FILENO, unread.write.get(), [] { return put("x"); }), 1);
}

TEST(StandardFiles, AFileBeyondItsLimitIsAnErrorAndNoSignal) {
  std::string name = "/tmp/mtlgrid-limit-XXXXXX";
  const FileDescriptor file(mkostemp(name.data(), O_CLOEXEC));
  unlink(name.c_str());
  EXPECT_EQ(in_child(STDOUT_FILENO, file.get(),
                     [] {
                       const rlimit none = {0, 0};
                       setrlimit(RLIMIT_FSIZE, &none);
                       return put("x", "ulimit -f");
                     }),
            2);
}

TEST(StandardFiles, ThatWereClosedAreTakenSoThatNoOtherFileGetsTheirNumbers) {
  for (const int number : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    EXPECT_EQ(in_child(number, -1,
                       [] {
                         prepare_standard_files();
                         return open("/dev/null", O_RDONLY) > STDERR_FILENO ? 0 : 1;
                       }),
              0)
        << number;
  }
}

}  // namespace
}  // namespace mtlgrid
