// The bag file of a node: its content, the files that are refused, and how processes share it.
#include "datasets/bags/bag_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "base/errors.h"
#include "tests/datasets/bags/bag_file_fixture.h"

namespace mtlgrid {
namespace {

namespace fs = std::filesystem;
using testing::BagFileTest;
using ::testing::ElementsAre;
using testing::equal_bags;
using testing::has;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::kFirstBag;
using testing::kWidth;
using ::testing::ThrowsMessage;

TEST_F(BagFileTest, EveryBagHasTheBitsOfItsFeatureFiles) {
  const auto bags = open();
  ASSERT_TRUE(bags);
  EXPECT_TRUE(equal_bags(bags->file(), sources));
  for (const BagSource& source : sources) {
    bags->file().prepare(source.cohort, source.patient);
  }
  EXPECT_FALSE(has(bags->file(), 0, 1));
  EXPECT_THAT(said, IsEmpty());
}

TEST_F(BagFileTest, TheSecondToOpenReadsWhatTheFirstBuilt) {
  const auto first = open(), second = open();
  EXPECT_EQ(built, 1);
  EXPECT_TRUE(equal_bags(second->file(), sources));
}

TEST_F(BagFileTest, TheLastToEndRemovesTheFile) {
  auto first = open(), second = open();
  first.reset();
  EXPECT_THAT(listing(), ElementsAre("", ".lock"));
  EXPECT_TRUE(equal_bags(second->file(), sources));
  second.reset();
  EXPECT_THAT(listing(), IsEmpty());
}

TEST_F(BagFileTest, AFileThatIsKeptServesTheNextRun) {
  open(true).reset();
  EXPECT_TRUE(fs::exists(file()));
  EXPECT_TRUE(equal_bags(open(true)->file(), sources));
  EXPECT_EQ(built, 1);
}

TEST_F(BagFileTest, WhatAKilledProcessLeftIsReusedOrOverwritten) {
  const pid_t killed = ::fork();
  if (killed == 0) {
    const auto bags = open();
    ::kill(::getpid(), SIGKILL);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(killed, &status, 0), killed);
  testing::write_text(file().string() + ".tmp", "half");
  EXPECT_TRUE(equal_bags(open()->file(), sources));
  EXPECT_EQ(built, 0);  // in this process
  testing::write_text(file().string() + ".tmp", "half");
  EXPECT_TRUE(equal_bags(open()->file(), sources));
  EXPECT_EQ(built, 1);
  EXPECT_THAT(listing(), IsEmpty());
}

// Of processes that start at once one builds; all see the same bags. A builder leaves its mark in the folder.
TEST_F(BagFileTest, ProcessesThatStartAtOnceBuildOneFile) {
  int gate[2];
  ASSERT_EQ(::pipe(gate), 0);
  std::vector<pid_t> children;
  for (int i = 0; i < 4; ++i) {
    children.push_back(::fork());
    if (children.back() != 0) continue;
    ::close(gate[1]);
    char byte = 0;
    if (::read(gate[0], &byte, 1) != 0) ::_exit(3);  // ends when the parent has started all
    const auto marked = [&](const fs::path& name) {
      testing::write_text(folder / "built" / std::to_string(::getpid()), "");
      write_bag_file(name, sources, BagDisk::real(), say);
    };
    const auto bags = NodeBags::open({cache, true}, sources, marked, say);
    ::_exit(bags && said.empty() && equal_bags(bags->file(), sources) ? 0 : 1);
  }
  ::close(gate[0]);
  ::close(gate[1]);
  for (const pid_t child : children) {
    int status = -1;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
  }
  EXPECT_EQ(std::distance(fs::directory_iterator(folder / "built"), fs::directory_iterator()), 1);
}

TEST_F(BagFileTest, WaitingForAnotherBuilderAndBuildingEndWhenTheCheckSaysSo) {
  const std::string lock_name = file().string() + ".lock";
  const FileDescriptor other(::open(lock_name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  ASSERT_EQ(::flock(other.get(), LOCK_EX), 0);
  int asked = 0;
  const auto check = [&] {
    if (++asked >= 3) throw Error(ErrorKind::fatal, "stopped");
  };
  EXPECT_THROW(NodeBags::open({cache, false}, sources, build(), say, check), Error);
  EXPECT_EQ(asked, 4) << "three times while waiting, then whether it still holds";
}

TEST_F(BagFileTest, ATruncatedFileIsBuiltAgain) {
  open(true).reset();
  for (const std::uintmax_t size :
       {std::uintmax_t{0}, std::uintmax_t{63}, std::uintmax_t{100}, fs::file_size(file()) - 1}) {
    said.clear();
    fs::resize_file(file(), size);
    EXPECT_TRUE(equal_bags(open(true)->file(), sources)) << size;
    EXPECT_THAT(said, ElementsAre(AllOf(HasSubstr(file().string()), HasSubstr("building it again")))) << size;
  }
}

TEST_F(BagFileTest, AFlippedBitInHeaderOrTableIsFound) {
  open(true).reset();
  for (std::uint64_t offset = 0; offset < 64 + 3 * 32; ++offset) {
    said.clear();
    flip(offset);
    EXPECT_TRUE(equal_bags(open(true)->file(), sources)) << offset;
    EXPECT_EQ(said.size(), 1u) << offset;
  }
}

TEST_F(BagFileTest, AFlippedBitInABagIsFoundAndTheOthersAreUsed) {
  open(true).reset();
  flip(kFirstBag);
  const auto bags = open(true);
  EXPECT_FALSE(has(bags->file(), 0, 0));
  EXPECT_FALSE(has(bags->file(), 0, 0));
  EXPECT_TRUE(has(bags->file(), 0, 3));
  EXPECT_THAT(said, ElementsAre(HasSubstr("bag of patient P0 of cohort C0 is damaged or changed")));
}

TEST_F(BagFileTest, AFileOfOtherBagsIsRefused) {
  open(true).reset();
  auto others = sources;
  others[1].files[0].hash[0] ^= 1;
  EXPECT_THAT([&] { BagFile(file(), others, say); },
              ThrowsMessage<InputError>(HasSubstr("made from other feature files")));
  EXPECT_THAT([&] { BagFile(folder / "none", sources, say); }, ThrowsMessage<InputError>(HasSubstr("No such file")));
}

TEST_F(BagFileTest, OtherFeaturesMakeAnotherFileAndMovedOnesDoNot) {
  const std::string before = bag_key(sources);
  auto moved = sources, changed = sources;
  for (BagSource& source : moved) source.files[0].path = "/elsewhere";
  EXPECT_EQ(bag_key(moved), before);
  write_slide(folder / "new.h5", 2);
  changed[0].files[0].hash = testing::known(folder / "new.h5").hash;
  EXPECT_NE(bag_key(changed), before);
  auto reordered = sources;
  std::swap(reordered[0].files[0], reordered[0].files[1]);
  EXPECT_NE(bag_key(reordered), bag_key(sources));
}

TEST_F(BagFileTest, ABagThatCannotBeReadIsLeftOutAndReported) {
  fs::remove(sources[1].files[0].path);
  sources[2].width = kWidth + 1;
  const auto bags = open();
  EXPECT_TRUE(has(bags->file(), 0, 0));
  EXPECT_FALSE(has(bags->file(), 0, 3));
  EXPECT_FALSE(has(bags->file(), 1, 1));
  EXPECT_THAT(said, ElementsAre(HasSubstr(sources[1].files[0].path),
                                HasSubstr("patient P1 of cohort C1: 3 features a tile, expected 4")));
}

class DiskOf : public BagDisk {
 public:
  DiskOf(std::uint64_t free, std::uint64_t takes) : free_(free), takes_(takes) {}
  std::optional<std::uint64_t> free_bytes(const fs::path&) override { return free_; }
  ssize_t write(int file, const void* data, std::size_t bytes, std::int64_t offset) override {
    if (takes_ == 0) {
      errno = ENOSPC;
      return -1;
    }
    const std::size_t part = std::min<std::size_t>(bytes, 7);  // short writes too
    takes_ -= std::min<std::uint64_t>(takes_, part);
    return BagDisk::write(file, data, part, offset);
  }

 private:
  std::uint64_t free_, takes_;
};

TEST_F(BagFileTest, WithoutRoomNothingIsWritten) {
  DiskOf small(100, 1'000'000);
  EXPECT_FALSE(open(false, small));
  EXPECT_THAT(said, ElementsAre(AllOf(HasSubstr("100 free"), HasSubstr("reads the feature files itself"))));
  EXPECT_THAT(listing(), IsEmpty());
}

TEST_F(BagFileTest, ADiskThatFillsUpLeavesNoHalfFile) {
  const std::uint64_t all = bag_file_bytes(lay_out(sources));
  DiskOf enough(all, all);
  open(true, enough).reset();
  EXPECT_THAT(said, IsEmpty());
  fs::remove(file());
  for (std::uint64_t takes = 0; takes < 100; takes += 9) {
    said.clear();
    DiskOf full(all, takes);
    EXPECT_FALSE(open(false, full)) << takes;
    EXPECT_THAT(said, ElementsAre(HasSubstr("No space left on device"))) << takes;
    EXPECT_THAT(listing(), IsEmpty()) << takes;
  }
}

// A quota: free_bytes() does not see it.
class DiskWithoutReserve : public DiskOf {
 public:
  DiskWithoutReserve() : DiskOf(1'000'000, 1'000'000) {}
  int reserve(int, std::uint64_t) override { return EDQUOT; }
  ssize_t write(int, const void*, std::size_t, std::int64_t) override {
    ADD_FAILURE() << "a bag was read and written before its room was there";
    return -1;
  }
};

TEST_F(BagFileTest, RoomThatCannotBeReservedIsKnownBeforeABagIsRead) {
  DiskWithoutReserve disk;
  EXPECT_FALSE(open(false, disk));
  EXPECT_THAT(said, ElementsAre(HasSubstr("Disk quota exceeded")));
  EXPECT_THAT(listing(), IsEmpty());
}

TEST_F(BagFileTest, AFolderThatCannotBeWrittenIsReported) {
  cache = folder / "none";
  EXPECT_FALSE(open());
  EXPECT_THAT(said, ElementsAre(AllOf(HasSubstr("cannot be locked"), HasSubstr(cache.string()))));
}

TEST_F(BagFileTest, AReadOnlyFolderIsReported) {
  if (::geteuid() == 0) {
    cache = "/proc/self";  // refuses new files even to root
  } else {
    fs::permissions(cache, fs::perms::owner_read | fs::perms::owner_exec);
  }
  EXPECT_FALSE(open());
  EXPECT_THAT(said, ElementsAre(HasSubstr("bags are not shared on this node")));
}

}  // namespace
}  // namespace mtlgrid
