// Names that the file system would refuse are refused in the configuration, and the longest that fit are not.
#include "orchestrator/config/names.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <climits>
#include <fstream>

#include "base/errors.h"
#include "orchestrator/config/config.h"
#include "tests/orchestrator/config/scratch.h"

namespace mtlgrid {
namespace {

using ::testing::HasSubstr;

std::string of(std::size_t bytes) { return std::string(bytes, 'M'); }

TEST(Names, AreAsLongAsTheNameOfAFolder) {
  EXPECT_EQ(name_problem(of(255)), "");
  EXPECT_THAT(name_problem(of(256)), HasSubstr("' has 256 bytes, but the name of a folder at most 255"));
}

TEST(Names, OfAPairFitIntoTheNamesOfItsTables) {
  const std::string longest = of(255 - 25 - 3);
  EXPECT_EQ(pair_problem(longest, "ITH"), "");
  const testing::Scratch folder;
  std::ofstream(folder.path() / ("supplement_" + longest + "_ITH_1000.tex.tmp")) << "x";
  EXPECT_TRUE(std::filesystem::exists(folder.path() / ("supplement_" + longest + "_ITH_1000.tex.tmp")));
  EXPECT_THAT(pair_problem(of(250), "ITH"),
              HasSubstr("253 bytes together, but in the names of the pair's tables there is room for 230"));
  EXPECT_NE(pair_problem(of(110), std::string(60, '\x01')), "") << "escaped in names of files: four bytes each";
}

TEST(Names, OfAStoreHaveRoomForTheFilesBesideIt) {
  EXPECT_EQ(store_problem("/a/" + of(200), "n1", {}), "");
  EXPECT_THAT(store_problem("/a/" + of(250), "n1", {}),
              HasSubstr("has 250 bytes, but with the endings of the files beside"));
  EXPECT_NE(store_problem("/a/" + of(200), of(64), {}), "") << "the lock has the host in its name";
}

TEST(Names, OfAStoreIsAPathThatSqliteOpensAndCellsFitBelow) {
  std::string path;
  for (int i = 0; i < 5; ++i) path += "/" + of(100);
  EXPECT_THAT(store_problem(path + "/grid.db", "n1", {}), HasSubstr("but SQLite opens paths of at most 491"));
  EXPECT_EQ(store_problem(path.substr(0, 480) + "/grid.db", "n1", {}), "");
  EXPECT_EQ(store_problem("/a/grid.db", "n1", {{of(255), of(255)}}), "");
  EXPECT_THAT(store_problem("/a/grid.db", "n1", {{of(2000), of(2000)}}), HasSubstr("but a path at most 4095"));
}

TEST(Names, AreCheckedInEveryPlaceOfAConfiguration) {
  const testing::Scratch folder;
  const auto problems = [&](const std::string& biomarker, const std::string& auxiliary, const std::string& cohort) {
    std::ofstream(folder.path() / "c.ini")
        << "[grid]\nstore = g.db\n[cohort." << cohort << "]\nclini = a\nslides = b\nfeatures = c\n[biomarker."
        << biomarker << "]\ntrain = " << cohort << "\nlabel = l\npositive = p\nauxiliaries = " << auxiliary << "\n";
    try {
      load_config(folder.path() / "c.ini");
      return std::string();
    } catch (const InputError& e) {
      return std::string(e.what());
    }
  };
  EXPECT_EQ(problems("MSI", "ITH", "A"), "");
  EXPECT_THAT(problems(of(256), "ITH", "A"), HasSubstr("c.ini, line 7: [biomarker.M"));
  EXPECT_THAT(problems("MSI", of(256), "A"), HasSubstr("c.ini, line 11: [biomarker.MSI] auxiliaries: name 'M"));
  EXPECT_THAT(problems("MSI", "ITH", of(256)), HasSubstr("c.ini, line 3: [cohort.M"));
  EXPECT_THAT(problems(of(250), "ITH", "A"), HasSubstr("c.ini, line 11: [biomarker.M"));
}

}  // namespace
}  // namespace mtlgrid
