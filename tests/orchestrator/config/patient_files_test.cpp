// Cohorts without a slide table.
#include <gmock/gmock.h>

#include "orchestrator/config/config.h"
#include "tests/orchestrator/config/scratch.h"

namespace mtlgrid {
namespace {

constexpr const char* kCohort = "[grid]\nstore = grid.db\n[cohort.A]\nclini = a.csv\nfeatures = feats\n";
constexpr const char* kBiomarker = "[biomarker.MSI]\ntrain = A\nlabel = isMSIH\npositive = MSIH\nauxiliaries = ITH\n";

TEST(PatientFiles, NeedNoSlideTable) {
  const testing::Scratch scratch;
  const Config without = load_config(scratch.write("c.ini", std::string(kCohort) + kBiomarker));
  EXPECT_EQ(without.cohorts[0].slides, "");
  EXPECT_EQ(resolved_settings(without)["cohorts"]["A"]["slides"], "");
  const Config with = load_config(scratch.write("c.ini", std::string(kCohort) + "slides = slide.csv\n" + kBiomarker));
  EXPECT_EQ(with.cohorts[0].slides, scratch.path() / "slide.csv");
  EXPECT_EQ(identity_settings(without), identity_settings(with));
}

}  // namespace
}  // namespace mtlgrid
