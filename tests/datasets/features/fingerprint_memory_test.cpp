#include "datasets/features/fingerprint_memory.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <iterator>

#include "tests/datasets/support.h"

namespace mtlgrid::testing {
namespace {

namespace fs = std::filesystem;

TEST(FingerprintMemory, IsTheSameAfterSavingAndLoading) {
  const TempFolder folder;
  write_text(folder / "ä \"quoted\".h5", "x");
  FingerprintMemory memory;
  memory.remember(folder / "ä \"quoted\".h5", "abc", stamp_of(folder / "ä \"quoted\".h5"));
  memory.save(folder / "memory");
  EXPECT_EQ(FingerprintMemory::load(folder / "memory").find(folder / "ä \"quoted\".h5"), "abc");
  EXPECT_EQ(FingerprintMemory::load(folder / "memory").find(folder / "other.h5"), std::nullopt);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), {}), 2);  // no temporary file is left
}

TEST(FingerprintMemory, AChangedOrRemovedFileIsForgotten) {
  const TempFolder folder;
  const auto file = folder / "a.h5";
  write_text(file, "x");
  FingerprintMemory memory;
  memory.remember(file, "abc", stamp_of(file));
  const auto time = fs::last_write_time(file);
  write_text(file, "xy");
  fs::last_write_time(file, time);
  EXPECT_EQ(memory.find(file), std::nullopt);  // size
  write_text(file, "x");
  fs::last_write_time(file, time);
  EXPECT_EQ(memory.find(file), std::nullopt) << "size and time are as they were, but it was written";
  memory.remember(file, "abc", stamp_of(file));
  EXPECT_EQ(memory.find(file), "abc");
  write_text(folder / "copy", "y");
  fs::last_write_time(folder / "copy", time);
  fs::rename(folder / "copy", file);  // as rsync -t and cp -p do
  EXPECT_EQ(memory.find(file), std::nullopt);
  fs::remove(file);
  EXPECT_EQ(memory.find(file), std::nullopt);
  memory.remember(file, "abc", stamp_of(file));
  EXPECT_EQ(memory.find(file), std::nullopt);
}

TEST(FingerprintMemory, AFileThatChangesWhileItIsReadIsNotRemembered) {
  const TempFolder folder;
  const auto file = folder / "a.h5";
  write_text(file, "x");
  const auto before = stamp_of(file);
  write_text(file, "xy");
  FingerprintMemory memory;
  memory.remember(file, "hash of x", before);
  EXPECT_EQ(memory.find(file), std::nullopt);
}

TEST(FingerprintMemory, FilesThatAnErrorNamesAreReadAgain) {
  const TempFolder folder;
  const auto bad = folder / "bad.h5", good = folder / "good.h5";
  FingerprintMemory memory;
  for (const auto& file : {bad, good}) {
    write_text(file, "x");
    memory.remember(file, "abc", stamp_of(file));
  }
  EXPECT_FALSE(memory.forget_named_in("disk full"));
  EXPECT_TRUE(memory.forget_named_in("features changed: " + bad.string() + ": not the features"));
  EXPECT_EQ(memory.find(bad), std::nullopt);
  EXPECT_EQ(memory.find(good), "abc");
}

TEST(FingerprintMemory, OneOfAnEarlierVersionIsEmpty) {
  const TempFolder folder;
  const auto file = folder / "a.h5";
  write_text(file, "x");
  write_text(folder / "memory", "{\"version\": 1, \"files\": {\"" + file.string() +
                                    "\": {\"size\": 1, \"modified_ns\": " +
                                    std::to_string(stamp_of(file)->modified_ns) + ", \"hash\": \"old\"}}}");
  EXPECT_EQ(FingerprintMemory::load(folder / "memory").find(file), std::nullopt)
      << "a copy with its size and time would have the same entry";
}

// A wrong hash would be taken for features that have changed, and a finished grid trained again.
TEST(FingerprintMemory, NoChangedByteIsBelieved) {
  const TempFolder folder;
  const auto file = folder / "a.h5";
  write_text(file, "x");
  FingerprintMemory memory;
  memory.remember(file, "0123456789abcdef", stamp_of(file));
  memory.save(folder / "memory");
  const std::string whole = read_text(folder / "memory");
  for (std::size_t at = 0; at < whole.size(); ++at) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 1);
    write_text(folder / "damaged", damaged);
    EXPECT_THAT(FingerprintMemory::load(folder / "damaged").find(file),
                ::testing::AnyOf(std::nullopt, std::string("0123456789abcdef")))
        << at;
  }
}

TEST(FingerprintMemory, AMissingOrDamagedMemoryIsEmpty) {
  const TempFolder folder;
  const auto file = folder / "a.h5";
  write_text(file, "x");
  FingerprintMemory memory;
  memory.remember(file, "abc", stamp_of(file));
  memory.save(folder / "memory");
  const std::string whole = read_text(folder / "memory");
  EXPECT_EQ(FingerprintMemory::load(folder / "none").find(file), std::nullopt);
  for (std::size_t size = 0; size + 2 < whole.size(); size += 7) {
    write_text(folder / "cut", whole.substr(0, size));
    EXPECT_EQ(FingerprintMemory::load(folder / "cut").find(file), std::nullopt) << size;
  }
  for (const char* text : {"[]", "1", "{\"version\": 2, \"files\": {}}", "{\"version\": 1, \"files\": 3}",
                           "{\"version\": 1, \"files\": {\"/a\": {\"size\": \"x\"}}}", "\xff\xfe"}) {
    write_text(folder / "bad", text);
    EXPECT_NO_THROW(FingerprintMemory::load(folder / "bad").save(folder / "again")) << text;
  }
}

TEST(FingerprintMemory, WhereItCannotBeWrittenIsSaid) {
  const TempFolder folder;
  EXPECT_THROW(FingerprintMemory().save(folder / "no/such/folder/memory"), Error);
}

}  // namespace
}  // namespace mtlgrid::testing
