// Another program that has a database open: a process of its own, since locks within one process do not hold it up.
#pragma once

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "results/store/sqlite.h"

namespace mtlgrid::testing {

// Opens `file`, runs `sql` and stays there with whatever that left open until it is let go.
class OtherProgram {
 public:
  OtherProgram(const std::filesystem::path& file, const std::string& sql, const std::string& at_last = "") {
    int ready[2], go[2];
    if (::pipe(ready) != 0 || ::pipe(go) != 0) throw Error(ErrorKind::fatal, "no pipe");
    child_ = ::fork();
    if (child_ == 0) {
      ::close(go[1]);
      ::_exit(live(file, sql, at_last, ready[1], go[0]));
    }
    ::close(ready[1]);
    ::close(go[0]);
    go_ = go[1];
    char byte = 0;
    EXPECT_EQ(::read(ready[0], &byte, 1), 1) << "the other program failed: " << sql;
    ::close(ready[0]);
  }
  OtherProgram(const OtherProgram&) = delete;
  OtherProgram& operator=(const OtherProgram&) = delete;
  ~OtherProgram() { let_go(); }

  pid_t process() const { return child_; }
  // Has it run its last statements and end; whether they succeeded.
  bool let_go() {
    if (child_ == 0) return ok_;
    ::close(go_);
    int status = 0;
    ::waitpid(child_, &status, 0);
    child_ = 0;
    return ok_ = WIFEXITED(status) && WEXITSTATUS(status) == 0;
  }

 private:
  static int live(const std::filesystem::path& file, const std::string& sql, const std::string& at_last, int ready,
                  int go) {
    try {
      Database database(file, Database::Mode::read_write);
      database.execute(sql);
      char byte = 'x';
      if (::write(ready, &byte, 1) != 1) return 2;
      while (::read(go, &byte, 1) > 0) continue;
      if (!at_last.empty()) database.execute(at_last);
      return 0;
    } catch (const std::exception&) {
      return 1;
    }
  }

  pid_t child_ = 0;
  int go_ = -1;
  bool ok_ = false;
};

}  // namespace mtlgrid::testing
