#include "orchestrator/plan/unnamed_files.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "tests/orchestrator/plan/plan_of.h"
#include "tests/orchestrator/plan/small_grid.h"

namespace mtlgrid {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::plan_of;

// "A: 2 of 22, x.h5 y.h5" for each cohort with such files.
std::vector<std::string> said(const Plan& plan) {
  std::vector<std::string> out;
  for (const UnnamedFiles& found : unnamed_files(plan)) {
    std::string line = fmt::format("{}: {} of {},", found.cohort, found.files.size(), found.all);
    for (const std::string& file : found.files) line += " " + file;
    out.push_back(line);
  }
  return out;
}

class UnnamedFilesOfAPlan : public ::testing::Test {
 protected:
  void more(const std::string& name) const { grid.features(name, 1, 4, value++); }
  testing::SmallGrid grid;
  mutable std::uint16_t value = 0x4000;
};

TEST_F(UnnamedFilesOfAPlan, AreThoseOfNoRow) {
  EXPECT_THAT(said(plan_of(grid)), IsEmpty());
  more("A/feats/A00_2.h5");
  more("A/feats/sub/A01_2.h5");
  EXPECT_THAT(said(plan_of(grid)), ElementsAre("A: 2 of 22, A00_2.h5 sub/A01_2.h5"));
}

TEST_F(UnnamedFilesOfAPlan, AreNotThoseOfRowsThatAreDropped) {
  grid.replace("A/slide.csv", "A03,A03.h5\n", "A03,A03.h5\nX,other.h5\n,nobody.h5\nA03,A03.h5\n");
  more("A/feats/other.h5");
  more("A/feats/nobody.h5");
  EXPECT_THAT(said(plan_of(grid)), IsEmpty());
}

TEST_F(UnnamedFilesOfAPlan, AreOfNoPatientWithoutASlideTable) {
  grid.replace("c.ini", "slides = A/slide.csv\n", "");
  more("A/feats/A20.h5");
  EXPECT_THAT(said(plan_of(grid)), ElementsAre("A: 1 of 21, A20.h5"));
}

TEST_F(UnnamedFilesOfAPlan, AreNotThoseOfAnotherCohort) {
  grid.replace("c.ini", "features = B/feats", "features = A/feats");
  for (int i = 0; i < 6; ++i) more(fmt::format("A/feats/B{:02}.h5", i));
  EXPECT_THAT(said(plan_of(grid)), IsEmpty());
  more("A/feats/C00.h5");
  EXPECT_THAT(said(plan_of(grid)), ElementsAre("A: 1 of 27, C00.h5")) << "once, not for both";
}

TEST_F(UnnamedFilesOfAPlan, AreNotKnownWhereACohortWasNotRead) {
  more("A/feats/C00.h5");
  grid.replace("c.ini", "[biomarker", "[cohort.C]\nclini = C.csv\nslides = C.csv\nfeatures = A/feats\n[biomarker");
  EXPECT_THAT(said(plan_of(grid)), IsEmpty());
}

}  // namespace
}  // namespace mtlgrid
