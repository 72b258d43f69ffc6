// Features that are read must be those that were checked.
#include "datasets/bags/patient_bag.h"

#include "datasets/features/fingerprint.h"
#include "datasets/synthetic/synth_features.h"
#include "tests/datasets/support.h"

namespace mtlgrid {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// A patient with two slides of 2 and 3 tiles, and a third file that is not the patient's.
class PatientBag : public ::testing::Test {
 protected:
  PatientBag() {
    write("a.h5", 2, 0x3c00);
    write("b.h5", 3, 0x4000);
    write("c.h5", 3, 0x4200);
    files = {testing::known(folder / "a.h5"), testing::known(folder / "b.h5")};
  }
  void write(const std::string& name, int tiles, std::uint16_t value) const {
    const std::vector<std::uint16_t> values(static_cast<std::size_t>(tiles * 3), value);
    fs::remove(folder / name);
    write_features(folder / name, values, 3, StampLayout::v2, "test");
  }
  Bag read() const { return read_patient_bag("CRC", "P1", files, 3); }
  std::string refusal() const {
    try {
      read();
    } catch (const FeaturesChanged& e) {
      EXPECT_EQ(e.kind(), ErrorKind::needs_person);
      return e.what();
    }
    return "";
  }
  testing::TempFolder folder;
  std::vector<KnownFeatures> files;
};

TEST_F(PatientBag, HasTheTilesOfAllSlidesInTheirOrder) {
  const Bag bag = read();
  EXPECT_EQ(bag.tiles, 5);
  EXPECT_EQ(bag.values[5], 0x3c00);
  EXPECT_EQ(bag.values[6], 0x4000);
  EXPECT_TRUE(is_bag_of(view_of(bag), files));
}

// As cp -p and rsync -t do: neither size nor time tells.
TEST_F(PatientBag, ACopyWithTheSameSizeAndTimeIsRefusedWithThePatientTheFileAndTheWayOn) {
  const fs::path file = folder / "b.h5";
  const auto time = fs::last_write_time(file);
  const auto size = fs::file_size(file);
  fs::copy_file(folder / "c.h5", file, fs::copy_options::overwrite_existing);
  fs::last_write_time(file, time);
  ASSERT_EQ(fs::file_size(file), size);
  EXPECT_THAT(refusal(), AllOf(StartsWith("features changed: cohort CRC, patient P1: " + file.string()),
                               HasSubstr("expected 3 of " + files[1].hash), HasSubstr("restore the file"),
                               HasSubstr("the new data are a grid of their own")));
}

TEST_F(PatientBag, AFileThatCannotBeReadAnyMoreHasChanged) {
  fs::resize_file(folder / "b.h5", fs::file_size(folder / "b.h5") / 2);
  EXPECT_THAT(refusal(), AllOf(HasSubstr("b.h5: unreadable or truncated"), HasSubstr("restore the file")));
  testing::write_text(folder / "b.h5", "no features");
  EXPECT_THAT(refusal(), HasSubstr("b.h5"));
}

TEST_F(PatientBag, MoreOrFewerTilesOrAnotherWidthHaveChanged) {
  for (const int tiles : {2, 4}) {
    write("b.h5", tiles, 0x4000);
    EXPECT_THAT(refusal(), HasSubstr("b.h5")) << tiles;
  }
  const std::vector<std::uint16_t> wide(9, 0x4000);
  fs::remove(folder / "b.h5");
  write_features(folder / "b.h5", wide, 1, StampLayout::v2, "test");
  EXPECT_THAT(refusal(), HasSubstr("b.h5"));
}

TEST_F(PatientBag, AFileThatIsRestoredIsRead) {
  fs::rename(folder / "b.h5", folder / "away.h5");
  fs::copy_file(folder / "c.h5", folder / "b.h5");
  EXPECT_NE(refusal(), "");
  fs::rename(folder / "away.h5", folder / "b.h5");
  EXPECT_EQ(read().tiles, 5);
}

TEST_F(PatientBag, TilesInAnotherOrderAreNotTheBag) {
  Bag bag = read();
  std::swap(bag.values.front(), bag.values.back());
  EXPECT_FALSE(is_bag_of(view_of(bag), files));
  bag = read();
  bag.values.resize(bag.values.size() - 3);
  --bag.tiles;
  EXPECT_FALSE(is_bag_of(view_of(bag), files));
}

}  // namespace
}  // namespace mtlgrid
