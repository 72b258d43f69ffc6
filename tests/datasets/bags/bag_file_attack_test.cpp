// Bag files that changed after they were opened, and tables that are wrong under a right checksum.
#include <fcntl.h>
#include <xxhash.h>

#include <cstring>

#include "base/errors.h"
#include "tests/datasets/bags/bag_file_fixture.h"

namespace mtlgrid {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::ElementsAre;
using testing::equal_bags;
using testing::has;
using ::testing::HasSubstr;
using testing::kFirstBag;

class BagFileUnderAttack : public testing::BagFileTest {
 protected:
  static constexpr std::size_t kHeader = 64, kLine = 32;
  BagFileUnderAttack() {
    open(true).reset();
    good = testing::read_text(file());
  }
  // Writes `bytes` to the file that is there, as another program would; readers have it open.
  void overwrite(std::uint64_t offset, const std::string& bytes) const {
    const FileDescriptor out(::open(file().c_str(), O_WRONLY | O_CLOEXEC));
    ASSERT_EQ(::pwrite(out.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset)),
              static_cast<ssize_t>(bytes.size()));
  }
  template <typename T>
  static void put(std::string& bytes, std::size_t offset, T value) {
    std::memcpy(bytes.data() + offset, &value, sizeof value);
  }
  // As a writer with other ideas would have left it: the checksum is right.
  void write_with_checksum(std::string bytes) const {
    std::uint32_t entries = 0;
    std::memcpy(&entries, bytes.data() + 12, sizeof entries);
    const std::size_t table = std::min(bytes.size() - kHeader, entries * kLine);
    put(bytes, 56, XXH3_64bits_withSeed(bytes.data() + kHeader, table, XXH3_64bits(bytes.data(), 56)));
    testing::write_text(file(), bytes);
  }
  void expect_refused(const std::string& what) {
    EXPECT_THROW(BagFile(file(), sources, say), InputError) << what;
    said.clear();
    EXPECT_TRUE(equal_bags(open(true)->file(), sources)) << what;
    EXPECT_THAT(said, ElementsAre(HasSubstr("building it again"))) << what;
  }
  std::string good;
};

TEST_F(BagFileUnderAttack, BytesThatChangeAfterTheyWereUsedAreNotUsedAgain) {
  const auto bags = open(true);
  EXPECT_TRUE(equal_bags(bags->file(), sources));
  overwrite(kFirstBag + 2, "?");
  Bag bag;
  EXPECT_FALSE(bags->file().read(0, 0, bag));
  EXPECT_FALSE(bags->file().read(0, 0, bag));
  EXPECT_TRUE(has(bags->file(), 0, 3));
  EXPECT_THAT(said, ElementsAre(HasSubstr("patient P0 of cohort C0 is damaged or changed")));
}

TEST_F(BagFileUnderAttack, AFileThatIsCutShortIsNoBusError) {
  const auto bags = open(true);
  fs::resize_file(file(), kFirstBag + 4);
  for (const BagSource& source : sources) EXPECT_FALSE(has(bags->file(), source.cohort, source.patient));
  EXPECT_EQ(said.size(), 1u) << "one line a cause";
}

// The table and its checksum are right, the bags are those of other patients.
TEST_F(BagFileUnderAttack, BagsOfOtherPatientsAreNotUsed) {
  std::string bytes = good;
  const auto second = static_cast<std::ptrdiff_t>(lay_out(sources)[1].offset);
  std::swap_ranges(bytes.begin() + kFirstBag, bytes.begin() + kFirstBag + 18, bytes.begin() + second);
  testing::write_text(file(), bytes);
  const auto bags = open(true);
  EXPECT_FALSE(has(bags->file(), 0, 0));
  EXPECT_FALSE(has(bags->file(), 0, 3));
  EXPECT_TRUE(has(bags->file(), 1, 1));
}

TEST_F(BagFileUnderAttack, AnotherRunsFileUnderThisNameIsNotUsed) {
  auto others = sources;
  std::swap(others[0].files[0], others[0].files[1]);
  write_bag_file(file(), others, BagDisk::real(), say);
  expect_refused("another run's");
}

TEST_F(BagFileUnderAttack, TablesAreThoseOfTheSourcesWhateverTheirChecksumSays) {
  constexpr std::uint64_t kHuge = 1ull << 63;
  struct Attack {
    const char* name;
    std::size_t offset;  // in the second line of the table
    std::uint64_t value;
  };
  for (const Attack& attack : {Attack{"tiles x width overflow to 0", 8, kHuge}, Attack{"too many tiles", 8, 6},
                               Attack{"fewer tiles", 8, 1}, Attack{"width", 16, kHuge}, Attack{"no width", 16, 0},
                               Attack{"offset beyond the file", 24, kHuge}, Attack{"offset in the table", 24, 64},
                               Attack{"offset of the first bag", 24, kFirstBag}, Attack{"odd offset", 24, 193}}) {
    std::string bytes = good;
    put(bytes, kHeader + kLine + attack.offset, attack.value);
    write_with_checksum(bytes);
    expect_refused(attack.name);
  }
}

TEST_F(BagFileUnderAttack, LinesOutOfOrderOrOfOtherPatientsAreRefused) {
  std::string bytes = good;
  std::swap_ranges(bytes.begin() + kHeader, bytes.begin() + kHeader + kLine, bytes.begin() + kHeader + kLine);
  write_with_checksum(bytes);
  expect_refused("order");
  bytes = good;
  put(bytes, kHeader + kLine + 4, std::uint32_t{0});
  write_with_checksum(bytes);
  expect_refused("twice the same patient");
}

TEST_F(BagFileUnderAttack, CountsAndSizesAreBounded) {
  for (const std::uint32_t entries : {0u, 2u, 4u, 1u << 31, ~0u}) {
    std::string bytes = good;
    put(bytes, 12, entries);
    write_with_checksum(bytes);
    expect_refused(std::to_string(entries));
  }
  for (const std::uint64_t size : {std::uint64_t{0}, std::uint64_t{1} << 62, ~std::uint64_t{0}}) {
    std::string bytes = good;
    put(bytes, 48, size);
    write_with_checksum(bytes);
    expect_refused(std::to_string(size));
  }
}

}  // namespace
}  // namespace mtlgrid
