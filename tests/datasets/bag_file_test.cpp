// The bag file of a node: its content, the files that are refused, and how processes share it.
#include "datasets/bag_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "base/errors.h"
#include "datasets/fingerprint.h"
#include "datasets/node_bags.h"
#include "datasets/synth_features.h"
#include "tests/datasets/support.h"

namespace mtlgrid {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::ThrowsMessage;

constexpr std::int64_t kWidth = 3;

// Two cohorts, patients with one or two slides; all values of the bags differ.
class BagFileTest : public ::testing::Test {
 protected:
  BagFileTest() {
    add(0, 0, {2, 1});
    add(0, 3, {5});
    add(1, 1, {7, 4});
    fs::create_directories(cache);
  }

  void add(std::uint32_t cohort, std::uint32_t patient, const std::vector<int>& slides) {
    BagSource source{cohort, patient, fmt::format("C{}", cohort), fmt::format("P{}", patient), kWidth, {}};
    for (const int tiles : slides) {
      const fs::path file = folder / fmt::format("{}.h5", files_++);
      write_slide(file, tiles);
      source.files.push_back(file);
    }
    sources.push_back(source);
  }
  void write_slide(const fs::path& file, int tiles) {
    std::vector<std::uint16_t> values(static_cast<std::size_t>(tiles * kWidth));
    for (auto& v : values) v = next_++;
    write_features(file, values, kWidth, StampLayout::v2, "test");
  }

  NodeBags::Build build(BagDisk& disk = BagDisk::real()) {
    return [this, &disk](const fs::path& file, const std::string& key) {
      ++built;
      write_bag_file(file, key, sources, disk, say);
    };
  }
  std::unique_ptr<NodeBags> open(bool keep = false, BagDisk& disk = BagDisk::real()) {
    return NodeBags::open({cache, keep}, sources, build(disk), say);
  }
  // Suffixes of the files in the cache folder.
  std::vector<std::string> listing() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(cache)) names.push_back(entry.path().extension().string());
    std::sort(names.begin(), names.end());
    return names;
  }
  fs::path file() const { return cache / fmt::format("mtlgrid-bags-{}-{}", ::geteuid(), bag_key(sources)); }
  void flip(std::uint64_t offset) {
    std::string bytes = read_text(file());
    bytes.at(offset) ^= 1;
    write_text(file(), bytes);
  }

  testing::TempFolder folder;
  fs::path cache = folder / "cache";
  std::vector<BagSource> sources;
  std::vector<std::string> said;
  std::function<void(const std::string&)> say = [this](const std::string& line) { said.push_back(line); };
  int built = 0;

  static std::string read_text(const fs::path& file) { return testing::read_text(file); }
  static void write_text(const fs::path& file, const std::string& text) { testing::write_text(file, text); }

 private:
  int files_ = 0;
  std::uint16_t next_ = 0x3c00;
};

bool equal_bags(BagFile& file, const std::vector<BagSource>& sources) {
  for (const BagSource& source : sources) {
    const auto view = file.find(source.cohort, source.patient);
    const Bag bag = read_bag(source.files);
    if (!view || view->tiles != bag.tiles || view->width != bag.width ||
        !std::equal(bag.values.begin(), bag.values.end(), view->values.begin(), view->values.end())) {
      return false;
    }
  }
  return true;
}

TEST_F(BagFileTest, EveryBagHasTheBitsOfItsFeatureFilesAndBeginsAtACacheLine) {
  const auto bags = open();
  ASSERT_TRUE(bags);
  EXPECT_TRUE(equal_bags(bags->file(), sources));
  for (const BagSource& source : sources) {
    bags->file().prepare(source.cohort, source.patient);
    const auto view = bags->file().find(source.cohort, source.patient);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(view->values.data()) % 64, 0u);
  }
  EXPECT_FALSE(bags->file().find(0, 1));
  EXPECT_THAT(said, IsEmpty());
}

TEST_F(BagFileTest, TheSecondToOpenMapsWhatTheFirstBuilt) {
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
  write_text(file().string() + ".tmp", "half");
  EXPECT_TRUE(equal_bags(open()->file(), sources));
  EXPECT_EQ(built, 0);  // in this process
  write_text(file().string() + ".tmp", "half");
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
    const auto marked = [&](const fs::path& name, const std::string& key) {
      write_text(folder / "built" / std::to_string(::getpid()), "");
      write_bag_file(name, key, sources, BagDisk::real(), say);
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
  for (std::uint64_t offset = 0; offset < 64 + 3 * 40; ++offset) {
    said.clear();
    flip(offset);
    EXPECT_TRUE(equal_bags(open(true)->file(), sources)) << offset;
    EXPECT_EQ(said.size(), 1u) << offset;
  }
}

TEST_F(BagFileTest, AFlippedBitInABagIsFoundAndTheOthersAreUsed) {
  open(true).reset();
  flip(192);  // the first bag begins after the header and three lines of 40 bytes, at a multiple of 64
  const auto bags = open(true);
  EXPECT_FALSE(bags->file().find(0, 0));
  EXPECT_FALSE(bags->file().find(0, 0));
  EXPECT_TRUE(bags->file().find(0, 3));
  EXPECT_THAT(said, ElementsAre(HasSubstr("bag 0 of cohort 0 is damaged")));
}

TEST_F(BagFileTest, AFileOfOtherBagsIsRefused) {
  open(true).reset();
  EXPECT_THAT([&] { BagFile(file(), std::string(32, '0'), say); },
              ThrowsMessage<InputError>(HasSubstr("made from other feature files")));
  EXPECT_THAT([&] { BagFile(folder / "none", bag_key(sources), say); },
              ThrowsMessage<InputError>(HasSubstr("No such file")));
}

TEST_F(BagFileTest, AChangedFeatureFileMakesAnotherFile) {
  const std::string before = bag_key(sources);
  write_slide(folder / "new.h5", 2);
  fs::rename(folder / "new.h5", sources[0].files[0]);
  EXPECT_NE(bag_key(sources), before);
  auto reordered = sources;
  std::swap(reordered[0].files[0], reordered[0].files[1]);
  EXPECT_NE(bag_key(reordered), bag_key(sources));
}

TEST_F(BagFileTest, ABagThatCannotBeReadIsLeftOutAndReported) {
  write_text(sources[1].files[0], "no HDF5");
  sources[2].width = kWidth + 1;
  const auto bags = open();
  EXPECT_TRUE(bags->file().find(0, 0));
  EXPECT_FALSE(bags->file().find(0, 3));
  EXPECT_FALSE(bags->file().find(1, 1));
  EXPECT_THAT(said, ElementsAre(HasSubstr(sources[1].files[0].string()),
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
