#include "datasets/fingerprint_memory.h"

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
  memory.remember(folder / "ä \"quoted\".h5", "abc");
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
  memory.remember(file, "abc");
  const auto time = fs::last_write_time(file);
  write_text(file, "xy");
  fs::last_write_time(file, time);
  EXPECT_EQ(memory.find(file), std::nullopt);  // size
  write_text(file, "x");
  fs::last_write_time(file, time);
  EXPECT_EQ(memory.find(file), "abc");
  fs::remove(file);
  EXPECT_EQ(memory.find(file), std::nullopt);
  memory.remember(file, "abc");
  EXPECT_EQ(memory.find(file), std::nullopt);
}

TEST(FingerprintMemory, AMissingOrDamagedMemoryIsEmpty) {
  const TempFolder folder;
  const auto file = folder / "a.h5";
  write_text(file, "x");
  FingerprintMemory memory;
  memory.remember(file, "abc");
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
