// How tiles were cut is compared between all cohorts of a biomarker.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include "base/errors.h"
#include "datasets/features/hdf5.h"
#include "tests/datasets/support.h"
#include "tests/orchestrator/plan/plan_of.h"
#include "tests/orchestrator/plan/small_grid.h"

namespace mtlgrid::testing {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

// Every patient of `cohort` gets the features of one of tests/datasets/fixtures/layouts.
void all_have(const SmallGrid& grid, const std::string& cohort, int patients, const std::string& layout) {
  for (int i = 0; i < patients; ++i)
    grid.fixture(fmt::format("{0}/feats/{0}{1:02}.h5", cohort, i), "layouts/" + layout);
}

// Cohorts A, B and C, of which the first trains; its features do not say how their tiles were cut.
class PlanGeometry : public ::testing::Test {
 protected:
  PlanGeometry() {
    grid.replace("c.ini", "external = B", "external = B, C");
    grid.replace("c.ini", "[biomarker.MSI]",
                 "[cohort.C]\nclini = C/clini.csv\nslides = C/slide.csv\nfeatures = C/feats\n[biomarker.MSI]");
    grid.cohort("C", 6);
    all_have(grid, "A", 20, "stamp_1_1.h5");
    all_have(grid, "B", 6, "stamp_2_1.h5");
  }
  SmallGrid grid;
};

TEST_F(PlanGeometry, ExternalCohortsCutOtherwiseAreRefusedAlsoWhereTheTrainingSaysNothing) {
  all_have(grid, "C", 6, "stamp_2_5.h5");
  EXPECT_THAT(problems_of([&] { plan_of(grid); }),
              Contains(AllOf(HasSubstr("tiles of 112 um in 224 px"), HasSubstr("beside 256 um in 224 px"),
                             HasSubstr("external cohort 'B'"))));
}

TEST_F(PlanGeometry, ExternalCohortsAreComparedWhereTheTrainingSaysOnlyPartOfIt) {
  for (int i = 0; i < 20; ++i) {
    const auto file = grid.path(fmt::format("A/feats/A{:02}.h5", i));
    const hdf5::Handle root(H5Fopen(file.c_str(), H5F_ACC_RDWR, H5P_DEFAULT), H5Fclose);
    hdf5::write_attribute(root, "tile_size_px", std::int64_t{224});
  }
  all_have(grid, "C", 6, "stamp_2_5.h5");
  EXPECT_THAT(problems_of([&] { plan_of(grid); }), Contains(HasSubstr("external cohort 'B'")));
}

TEST_F(PlanGeometry, WhatDiffersFromTheTrainingCohortIsNotSaidOnceMore) {
  all_have(grid, "A", 20, "stamp_2_1.h5");
  all_have(grid, "C", 6, "stamp_2_5.h5");
  const auto lines = problems_of([&] { plan_of(grid); });
  EXPECT_THAT(lines, Contains(HasSubstr("training cohort 'A'")));
  EXPECT_THAT(lines, Not(Contains(HasSubstr("external cohort 'B'"))));
}

TEST_F(PlanGeometry, ACohortOfSingleRowsIsNotTestedOnTiles) {
  all_have(grid, "C", 6, "trident_old.h5");
  EXPECT_THAT(problems_of([&] { plan_of(grid); }), Contains(HasSubstr("one row in every file looks like embeddings")));
}

TEST_F(PlanGeometry, ExternalCohortsCutAlikeAreTaken) {
  all_have(grid, "C", 6, "stamp_2_1.h5");
  EXPECT_THAT(problems_of([&] { plan_of(grid); }), Not(Contains(HasSubstr("tiles of"))));
}

}  // namespace
}  // namespace mtlgrid::testing
