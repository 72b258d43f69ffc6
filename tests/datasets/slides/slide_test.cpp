#include "datasets/slides/slide.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "base/system_error.h"
#include "datasets/synthetic/virtual_slide.h"
#include "tests/datasets/support.h"

using namespace mtlgrid;
using namespace mtlgrid::testing;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

namespace {

class Slides : public ::testing::Test {
 protected:
  std::filesystem::path make(const VirtualSlide& slide = {.width = 1200, .height = 800}) {
    write_virtual_slide(folder_ / "s.svs", slide);
    return folder_ / "s.svs";
  }
  std::vector<std::string> opening(const std::string& name) {
    return problems_of([&] { Slide slide(folder_ / name); });
  }
  TempFolder folder_;
};

TEST_F(Slides, HaveLevelsAndProperties) {
  const Slide slide(make({.width = 1203, .height = 802, .mpp = 0.2525, .levels = 3}));
  ASSERT_EQ(slide.levels().size(), 3U);
  EXPECT_EQ(slide.width(), 1203);
  EXPECT_EQ(slide.levels()[2].height, 50);
  EXPECT_NEAR(slide.levels()[1].downsample, 4.01, 1e-9);
  EXPECT_EQ(slide.property("openslide.mpp-x"), "0.2525");
  EXPECT_EQ(slide.property("openslide.vendor"), "aperio");
  EXPECT_EQ(slide.property("nothing"), "");
  EXPECT_EQ(slide.best_level(1), 0);
  EXPECT_EQ(slide.best_level(1e6), 2);
}

TEST_F(Slides, ReadBeyondTheirEdgesAsTransparent) {
  const Slide slide(make({.width = 300, .height = 200, .levels = 1, .plain = true}));
  const Image image = slide.read_region(299, 199, 0, 2, 2);
  EXPECT_THAT(image.rgba, ElementsAre(243, 242, 244, 255, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0));
  EXPECT_THAT(slide.read_region(-1, 0, 0, 2, 1).rgba, ElementsAre(0, 0, 0, 0, 243, 242, 244, 255));
}

TEST_F(Slides, SmallerThanTheirOwnTilesAreReadWhole) {
  VirtualSlide small{.width = 300, .height = 150, .levels = 2, .tissue_permille = 700};
  write_virtual_slide(folder_ / "usual.svs", small);
  small.large_tiles = true;
  write_virtual_slide(folder_ / "large.svs", small);
  const Slide usual(folder_ / "usual.svs"), large(folder_ / "large.svs");
  for (const int level : {0, 1})
    EXPECT_EQ(usual.read_region(0, 0, level, 320, 160).rgba, large.read_region(0, 0, level, 320, 160).rgba);
  EXPECT_EQ(usual.read_region(-8, 40, 0, 100, 200).rgba, large.read_region(-8, 40, 0, 100, 200).rgba);
  EXPECT_EQ(usual.read_region(400, 4, 0, 10, 10).rgba, large.read_region(400, 4, 0, 10, 10).rgba);
}

TEST_F(Slides, ThatAreNotThereAreNamed) {
  EXPECT_THAT(opening("none.svs"), ElementsAre(AllOf(HasSubstr("none.svs"), HasSubstr("there is no such file"))));
}

TEST_F(Slides, OfNoBytesAreNamed) {
  write_text(folder_ / "a.svs", "");
  EXPECT_THAT(opening("a.svs"), ElementsAre(HasSubstr("is empty (0 bytes)")));
}

TEST_F(Slides, AreNotFolders) {
  std::filesystem::create_directory(folder_ / "a.svs");
  EXPECT_THAT(opening("a.svs"), ElementsAre(HasSubstr("is not a file")));
}

TEST_F(Slides, OfUnknownFormatsAreNamedWithTheVersionThatCannotReadThem) {
  write_text(folder_ / "a.czi", "this is a text");
  EXPECT_THAT(opening("a.czi"), ElementsAre(AllOf(HasSubstr(openslide::version_text()), HasSubstr("this .czi file"))));
}

TEST_F(Slides, ThatAreCutShortAreNamedWithOpenSlidesWords) {
  const std::string whole = read_text(make());
  write_text(folder_ / "short.svs", whole.substr(0, whole.size() / 2));  // libtiff writes its directories at the end
  const auto problems = opening("short.svs");
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_THAT(problems[0], AllOf(HasSubstr("short.svs"), HasSubstr("OpenSlide")));
}

TEST_F(Slides, WithDamagedPixelsNameTheRegion) {
  std::string bytes = read_text(make({.width = 1200, .height = 800, .levels = 1, .tissue_permille = 1000}));
  std::fill(bytes.begin() + 1000, bytes.begin() + 60000, 'x');  // tiles are written first
  write_text(folder_ / "damaged.svs", bytes);
  const Slide slide(folder_ / "damaged.svs");
  const auto problems = problems_of([&] { slide.read_region(0, 0, 0, 1200, 800); });
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_THAT(problems[0], AllOf(HasSubstr("damaged.svs"), HasSubstr("1200 x 800 pixels at (0, 0) of level 0"),
                                 HasSubstr("damaged")));
}

TEST_F(Slides, ThatMayNotBeReadAreTheSystemsFault) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may read everything";
  const auto file = make();
  std::filesystem::permissions(file, std::filesystem::perms::none);
  EXPECT_THROW(Slide slide(file), SystemError);
}

TEST_F(Slides, WithoutDescriptorsAreTheSystemsFault) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "the sanitizer needs descriptors itself";
#endif
  const auto file = make();
  const Slide first(file);  // opens the library
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  const rlimit none{.rlim_cur = 0, .rlim_max = before.rlim_max};
  ::setrlimit(RLIMIT_NOFILE, &none);
  std::string cause;
  try {
    const Slide slide(file);
  } catch (const SystemError& e) {
    cause = e.what();
  } catch (const std::exception& e) {
    cause = std::string("not a SystemError: ") + e.what();
  }
  ::setrlimit(RLIMIT_NOFILE, &before);
  EXPECT_THAT(cause, HasSubstr("ulimit -n"));
}

TEST(OpenSlideLibrary, MayBeNamedByItsFolder) {
  const TempFolder folder;
  EXPECT_EQ(openslide::named_library(folder.path()), folder.path());
  write_text(folder / "libopenslide.so.0", "");
  write_text(folder / "libopenslide.so.1", "");
  EXPECT_EQ(openslide::named_library(folder.path()), folder / "libopenslide.so.1");
  EXPECT_EQ(openslide::named_library("libopenslide.so.0"), "libopenslide.so.0");
}

TEST(OpenSlideLibrary, ThatIsNamedAndCannotBeOpenedIsAnErrorWithoutAnotherTry) {
  const TempFolder folder;
  write_text(folder / "no_library.so", "text");
  const std::string command =
      fmt::format("MTLGRID_OPENSLIDE={} {}/tile_slide s.svs none 256 224 240 0.02 2> {}",
                  (folder / "no_library.so").string(), MTLGRID_BUILD, (folder / "said").string());
  EXPECT_NE(std::system(command.c_str()), 0);
  EXPECT_THAT(read_text(folder / "said"),
              AllOf(HasSubstr("MTLGRID_OPENSLIDE"), HasSubstr("no_library.so cannot be opened"),
                    HasSubstr("apt install libopenslide0")));
}

}  // namespace
