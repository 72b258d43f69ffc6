#include "datasets/slides/rejection_thumbnail.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "datasets/synthetic/virtual_slide.h"
#include "tests/datasets/slides/ruled_image.h"
#include "tests/datasets/support.h"

using namespace mtlgrid;
using namespace mtlgrid::testing;

namespace {

TEST(RejectionThumbnail, IsClearWhereTilesWereKept) {
  const TempFolder folder;
  write_virtual_slide(folder / "s.svs", {.width = 1024, .height = 512, .levels = 1, .plain = true});
  // Four tiles across, two down; one was kept, and one is named that is beyond the slide.
  const std::pair<double, double> places[] = {{128, 0}, {1e9, 5}};
  const Image image = rejection_image(Slide(folder / "s.svs"), places, 128, 0.5);
  ASSERT_EQ(image.width, 512);
  ASSERT_EQ(image.height, 256);
  const auto colour = [&](int x, int y) { return std::vector(image.row(y) + 4 * x, image.row(y) + 4 * x + 3); };
  EXPECT_THAT(colour(200, 60), ::testing::ElementsAre(243, 242, 244));
  EXPECT_THAT(colour(60, 60), ::testing::ElementsAre(249, 121, 122));
  EXPECT_THAT(colour(200, 200), ::testing::ElementsAre(249, 121, 122));
}

TEST(Jpeg, IsWrittenWhole) {
  const TempFolder folder;
  write_jpeg(FileCalls::real(), folder / "a.jpg", ruled_image("tissue", 60, 40));
  const std::string bytes = read_text(folder / "a.jpg");
  EXPECT_EQ(bytes.substr(0, 3), "\xff\xd8\xff");
  EXPECT_EQ(bytes.substr(bytes.size() - 2), "\xff\xd9");
}

class FullDisk : public FileCalls {
  ssize_t write(int, const void*, std::size_t) override {
    errno = ENOSPC;
    return -1;
  }
};

TEST(Jpeg, LeavesNothingOnAFullDisk) {
  const TempFolder folder;
  FullDisk calls;
  try {
    write_jpeg(calls, folder / "a.jpg", ruled_image("tissue", 60, 40));
    FAIL();
  } catch (const FileError& e) {
    EXPECT_TRUE(e.disk_full());
    EXPECT_EQ(e.kind(), ErrorKind::needs_person);
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(Jpeg, WithoutPixelsIsAnError) {
  const TempFolder folder;
  EXPECT_THROW(write_jpeg(FileCalls::real(), folder / "a.jpg", Image()), Error);
}

}  // namespace
