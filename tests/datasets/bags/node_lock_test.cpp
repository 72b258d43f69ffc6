// Waiting for a node's bag file: with a limit, and not in silence; and a folder in which others make files.
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <csignal>

#include "tests/datasets/bags/bag_file_fixture.h"

namespace mtlgrid {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::ElementsAre;
using testing::equal_bags;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class NodeLock : public testing::BagFileTest {
 protected:
  NodeLock() { patience = {std::chrono::milliseconds(200), std::chrono::milliseconds(40)}; }
  ~NodeLock() override {
    if (holder <= 0) return;
    ::kill(holder, SIGKILL);
    ::waitpid(holder, nullptr, 0);
  }
  std::string lock_name() const { return file().string() + ".lock"; }
  FileDescriptor lock() const {
    FileDescriptor taken(::open(lock_name().c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    EXPECT_EQ(::flock(taken.get(), LOCK_EX), 0);
    return taken;
  }
  // A process that takes the lock and is suspended with it, by itself, or waits without a limit.
  void start_holder(bool suspended) {
    int ready[2];
    ASSERT_EQ(::pipe(ready), 0);
    holder = ::fork();
    if (holder == 0) {
      const FileDescriptor taken = lock();
      if (::write(ready[1], "x", 1) == 1 && suspended) ::raise(SIGSTOP);
      for (;;) ::pause();
    }
    char byte = 0;
    EXPECT_EQ(::read(ready[0], &byte, 1), 1);
    ::close(ready[0]);
    ::close(ready[1]);
    int status = 0;
    if (suspended) {
      EXPECT_EQ(::waitpid(holder, &status, WUNTRACED), holder);
    }
  }
  pid_t holder = 0;
};

TEST_F(NodeLock, AHolderWithoutProgressIsNamedAndNotWaitedForForEver) {
  start_holder(false);
  EXPECT_FALSE(open());
  const std::string process = fmt::format("locked by process {} (", holder);
  EXPECT_THAT(said, ElementsAre(AllOf(HasSubstr(lock_name()), HasSubstr(process), HasSubstr("at most 0.2 s without")),
                                AllOf(HasSubstr(process), HasSubstr("reads the feature files itself"))));
}

TEST_F(NodeLock, ASuspendedHolderIsNotWaitedForAtAll) {
  patience.without_progress = std::chrono::hours(1);
  start_holder(true);
  EXPECT_FALSE(open());
  EXPECT_THAT(said.back(), AllOf(HasSubstr("which is suspended"), HasSubstr("reads the feature files itself")));
}

TEST_F(NodeLock, ABuilderThatMakesProgressIsWaitedFor) {
  FileDescriptor other = lock();
  int turns = 0;
  const auto check = [&] {
    testing::write_text(file().string() + ".tmp", std::string(static_cast<std::size_t>(++turns), 'x'));
    if (turns == 30) other.close();
  };
  const auto bags = NodeBags::open({cache, false, patience}, sources, build(), say, check);
  ASSERT_TRUE(bags);
  EXPECT_EQ(turns, 30) << "three times the patience";
  EXPECT_TRUE(equal_bags(bags->file(), sources));
  EXPECT_THAT(said, IsEmpty());
}

TEST_F(NodeLock, AnEndIsNotHeldUpByAHolder) {
  auto bags = open();
  start_holder(true);
  bags.reset();  // would wait without a limit
  EXPECT_THAT(listing(), ElementsAre("", ".lock")) << "left for whoever is the last";
}

TEST_F(NodeLock, ABagFileThatAnotherKeepsForItselfIsNotWaitedForForEver) {
  open(true).reset();
  const FileDescriptor other(::open(file().c_str(), O_RDONLY | O_CLOEXEC));
  ASSERT_EQ(::flock(other.get(), LOCK_EX), 0);
  EXPECT_FALSE(open(true));
  EXPECT_THAT(said.back(), AllOf(HasSubstr(file().string()), HasSubstr("without progress")));
}

TEST_F(NodeLock, WhatIsNoPlainFileOfThisUserIsNoLock) {
  const auto refused = [&](const char* reason) {
    said.clear();
    EXPECT_FALSE(open());
    EXPECT_THAT(said, ElementsAre(AllOf(HasSubstr("cannot be locked"), HasSubstr(reason))));
    fs::remove_all(lock_name());
  };
  testing::write_text(folder / "precious", "x");
  fs::create_symlink(folder / "precious", lock_name());
  refused("Too many levels of symbolic links");
  ASSERT_EQ(::mkfifo(lock_name().c_str(), 0600), 0);
  refused("not a plain file of this user");
  fs::create_directory(lock_name());
  refused("Is a directory");
  if (::geteuid() != 0) return;
  testing::write_text(lock_name(), "");
  ASSERT_EQ(::chown(lock_name().c_str(), 12345, 12345), 0);
  refused("not a plain file of this user");
  EXPECT_EQ(testing::read_text(folder / "precious"), "x");
}

TEST_F(NodeLock, WhatIsNoPlainFileOfThisUserIsNoBagFile) {
  const auto replaced = [&](const char* reason) {
    said.clear();
    const auto bags = open();
    ASSERT_TRUE(bags) << reason;
    EXPECT_TRUE(equal_bags(bags->file(), sources));
    EXPECT_THAT(said, ElementsAre(AllOf(HasSubstr(reason), HasSubstr("building it again"))));
  };
  ASSERT_EQ(::mkfifo(file().c_str(), 0600), 0);
  replaced("not a plain file");
  testing::write_text(folder / "precious", "x");
  fs::create_symlink(folder / "precious", file());
  fs::create_symlink(folder / "precious", file().string() + ".tmp");
  replaced("Too many levels of symbolic links");
  EXPECT_EQ(testing::read_text(folder / "precious"), "x");
  fs::create_directory(file());
  EXPECT_FALSE(open()) << "a folder is not replaced";
  EXPECT_THAT(said.back(), HasSubstr("reads the feature files itself"));
}

}  // namespace
}  // namespace mtlgrid
