#include "datasets/slides/slide_mpp.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/datasets/support.h"

using namespace mtlgrid;
using namespace mtlgrid::testing;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

namespace {

using Properties = std::map<std::string, std::string>;

const char* const kOme =
    "<?xml version=\"1.0\"?><OME xmlns=\"http://x\"><Instrument/><Image ID=\"0\"><Pixels PhysicalSizeX=\"0.345\" "
    "PhysicalSizeY=\"9\"/></Image><Image><Pixels PhysicalSizeX=\"7\"/></Image></OME>";

SlideMpp found(const Properties& properties, const MppChoice& choice = {}) {
  return slide_mpp(properties, "a.svs", choice);
}

std::vector<std::string> refused(const Properties& properties, const MppChoice& choice = {}) {
  return problems_of([&] { found(properties, choice); });
}

TEST(SlideMpp, TakesTheFirstThatTheSlideHas) {
  Properties p = {{"openslide.mpp-x", "0.25"},
                  {"openslide.comment", "<PixelSizeMicrons>0.3</PixelSizeMicrons>"},
                  {"tiff.ImageDescription", kOme}};
  EXPECT_EQ(found(p, {.fallback = 1}).value, 0.25);
  p.erase("openslide.mpp-x");
  EXPECT_EQ(found(p, {.fallback = 1}).value, 0.3);
  p.erase("openslide.comment");
  EXPECT_EQ(found(p, {.fallback = 1}).value, 0.345);
  EXPECT_EQ(found(p).source, "tiff.ImageDescription");
  p.erase("tiff.ImageDescription");
  EXPECT_EQ(found(p, {.fallback = 1, .fallback_name = "column MPP"}).source, "column MPP");
}

TEST(SlideMpp, OfASlideThatSaysNothingNamesBothWaysOut) {
  EXPECT_THAT(refused({{"tiff.ImageDescription", "Aperio Image Library\r\n100x100"}}),
              ElementsAre("a.svs: microns per pixel are not known: the slide does not say them; set default_mpp, or "
                          "name a column that has "
                          "them with mpp_column"));
}

TEST(SlideMpp, ThatCannotBeMeantCountsAsNone) {
  for (const char* text : {"0", "-0.5", "nan", "inf", "1e-9", "300", "a quarter", ""}) {
    EXPECT_EQ(found({{"openslide.mpp-x", text}}, {.fallback = 0.5}).source, "default_mpp") << text;
    EXPECT_THAT(refused({{"openslide.mpp-x", text}}),
                ElementsAre(AllOf(HasSubstr("openslide.mpp-x '"), HasSubstr("default_mpp"))))
        << text;
  }
  EXPECT_THAT(refused({{"openslide.mpp-x", "0.001"}}),
              ElementsAre(HasSubstr("makes a tile of 256 microns 2.56e+05 pixels wide")));
  EXPECT_THAT(refused({{"openslide.mpp-x", "257"}}), ElementsAre(HasSubstr("less than one pixel")));
}

TEST(SlideMpp, MayFollowFromATileOfAnotherSize) {
  EXPECT_EQ(found({{"openslide.mpp-x", "300"}}, {.tile_um = 512}).value, 300);
  EXPECT_EQ(found({{"openslide.mpp-x", "256"}}).value, 256);
  EXPECT_EQ(found({{"openslide.mpp-x", "0.015625"}}).value, 0.015625);
}

TEST(SlideMpp, FallbackIsCheckedToo) {
  EXPECT_THAT(refused({}, {.fallback = 0}), ElementsAre(HasSubstr("default_mpp '0' is not a finite number above 0")));
}

TEST(SlideMpp, ShowsForeignTextSafely) {
  EXPECT_THAT(refused({{"openslide.mpp-x", "\x1b[31m" + std::string(1000, 'a')}}),
              ElementsAre(AllOf(HasSubstr("\\x1b[31maaa"), HasSubstr("…'"))));
}

TEST(PythonFloat, ReadsWhatPythonReads) {
  for (const auto& [text, value] : {std::pair<const char*, double>{"0.25", 0.25},
                                    {" 1e3\n", 1000},
                                    {"+.5", 0.5},
                                    {"-5.", -5},
                                    {"1_000.5", 1000.5},
                                    {"1E-2", 0.01},
                                    {"1e999", HUGE_VAL},
                                    {"1e-999", 0},
                                    {"Infinity", HUGE_VAL},
                                    {"-inf", -HUGE_VAL}})
    EXPECT_EQ(python_float(text), value) << text;
  EXPECT_TRUE(std::isnan(python_float("NaN").value()));
}

TEST(PythonFloat, RefusesWhatPythonRefuses) {
  for (const char* text : {"", " ", "0,25", "0x1p3", "1__0", "_1", "1_", "1e", "+-1", "--1", "0.25 um", "nan(1)",
                           "1._5", "1.5.2", "e5", "1 2"})
    EXPECT_EQ(python_float(text), std::nullopt) << text;
}

TEST(CommentMpp, IsTheFirstInOneLine) {
  EXPECT_EQ(comment_mpp("a<PixelSizeMicrons>0.5</PixelSizeMicrons><PixelSizeMicrons>1</PixelSizeMicrons>"), "0.5");
  EXPECT_EQ(comment_mpp("<PixelSizeMicrons>\n1</PixelSizeMicrons> <PixelSizeMicrons>2</PixelSizeMicrons>"), "2");
  EXPECT_EQ(comment_mpp("<PixelSizeMicrons>1"), std::nullopt);
  EXPECT_EQ(comment_mpp(""), std::nullopt);
}

TEST(CommentMpp, OfManyBeginningsTakesNoLongTime) {
  std::string comment;
  for (int i = 0; i < 200000; ++i) comment += "<PixelSizeMicrons>";
  EXPECT_EQ(comment_mpp(comment + "\n</PixelSizeMicrons>"), std::nullopt);
  EXPECT_EQ(comment_mpp(comment + "\n<PixelSizeMicrons>3</PixelSizeMicrons>"), "3");
}

TEST(DescriptionMpp, LooksIntoTheFirstImageAlone) {
  EXPECT_EQ(description_mpp(kOme), "0.345");
  EXPECT_EQ(description_mpp("<OME><Image/><Image><Pixels PhysicalSizeX='1'/></Image></OME>"), std::nullopt);
  EXPECT_EQ(description_mpp("<Image><Pixels PhysicalSizeX='1'/></Image>"), std::nullopt) << "below the root";
  EXPECT_EQ(description_mpp("<O><Image><a><Pixels PhysicalSizeX='2'/></a><Pixels PhysicalSizeX='3'/></Image></O>"),
            "2");
  EXPECT_EQ(description_mpp("<O><Image><Pixels/><Pixels PhysicalSizeX='3'/></Image></O>"), std::nullopt);
}

TEST(DescriptionMpp, OfWhatIsNotXmlIsNone) {
  EXPECT_EQ(description_mpp("Aperio Image Library"), std::nullopt);
  EXPECT_EQ(description_mpp("<O><Image><Pixels PhysicalSizeX='2'/></Image>"), std::nullopt);
  EXPECT_EQ(description_mpp("<!DOCTYPE a [<!ENTITY b 'c'>]><O><Image><Pixels PhysicalSizeX='2'/></Image></O>"),
            std::nullopt);
}

}  // namespace
