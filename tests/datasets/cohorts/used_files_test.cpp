// Files of patients whom no pair uses: what is wrong in them refuses nothing and changes nothing else.
#include <filesystem>

#include "datasets/cohorts/load_cohort.h"
#include "datasets/cohorts/used_patients.h"
#include "tests/datasets/support.h"

namespace fs = std::filesystem;

namespace mtlgrid::testing {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(UsedPatients, HaveALabelThatIsNotIgnoredAndWhatIsRequired) {
  Table clini;
  clini.columns = {"label", "x"};
  clini.rows = {{2, {"p", "1"}}, {3, {std::nullopt, "1"}}, {4, {"q", "1"}}, {5, {"p", std::nullopt}}};
  const CohortUse training{"label", {"q"}, "x", true}, external{"label", {"q"}, "x", false};
  const auto used = [&](const std::vector<CohortUse>& uses) {
    std::vector<bool> rows;
    for (std::size_t i = 0; i < clini.rows.size(); ++i) rows.push_back(may_be_used(clini, i, uses));
    return rows;
  };
  EXPECT_THAT(used({training}), ElementsAre(true, false, false, false));
  EXPECT_THAT(used({external}), ElementsAre(true, false, false, true));
  EXPECT_THAT(used({training, external}), ElementsAre(true, false, false, true));
  EXPECT_THAT(used({}), ElementsAre(true, true, true, true));
  EXPECT_THAT(used({{"absent", {}, "absent", true}}), ElementsAre(true, true, true, true));
}

// A and B are used; U has no label.
class UnusedFiles : public ::testing::Test {
 protected:
  UnusedFiles() {
    c.clini("PATIENT,label,x\nA,p,1\nB,n,2\nU,,3\n").slides("PATIENT,FILENAME\nA,a\nB,b\nU,u\n");
    for (const char* name : {"a.h5", "b.h5", "u.h5"}) c.file(name);
  }
  Cohort load() { return load_cohort(c.files(), memory, problems, {{"label", {}, "x", true}}); }
  CohortOnDisk c;
  FingerprintMemory memory;
  Problems problems;
};

TEST_F(UnusedFiles, ThatAreBrokenAreWarnings) {
  write_text(c.feats("u.h5"), "");
  const Cohort cohort = load();
  EXPECT_THAT(problems.lines(), IsEmpty());
  EXPECT_THAT(cohort.warnings, ElementsAre(c.files().features.string() +
                                           ", files of patients whom no pair uses: an empty file (u.h5); expected an "
                                           "HDF5 file of features"));
  EXPECT_THAT(names_of(cohort), ElementsAre("A", "B", "U"));
}

TEST_F(UnusedFiles, OfAnotherKindDoNotDecideWhatTheCohortIs) {
  c.slides("PATIENT,FILENAME\nA,a\nU,u\nU,u2\nU,u3\n");
  for (const char* name : {"u.h5", "u2.h5", "u3.h5"}) c.file(name, 2, 5, "uni");
  const Cohort cohort = load();
  EXPECT_THAT(problems.lines(), IsEmpty());
  EXPECT_EQ(cohort.width, 3);
  EXPECT_EQ(cohort.extractor, "ctranspath");
  EXPECT_THAT(cohort.warnings,
              ElementsAre(HasSubstr("features a tile: '5' (3 times: u.h5"), HasSubstr("extractor 'uni' (3 times")));
}

TEST_F(UnusedFiles, ThatAreWholeAreInTheFingerprintAsBefore) { EXPECT_EQ(load().fingerprint, c.load().fingerprint); }

TEST_F(UnusedFiles, OfUsedPatientsAreNoWarnings) {
  write_text(c.feats("b.h5"), "");
  load();
  EXPECT_THAT(problems.lines(), ElementsAre(HasSubstr("feats: an empty file (b.h5)")));
}

TEST(Inferences, SayWhichDatasetWasReadAndWhichSpellingsAreOne) {
  CohortOnDisk c;
  c.clini("PATIENT,label\nA,p\nB,p\n")
      .slides("PATIENT,FILENAME\nA,a\nB,b\n")
      .file("a.h5", 2, 3, "mahmood-uni-0123abcd");
  c.file("b.h5", 2, 3, "uni");
  const Cohort cohort = c.load();
  EXPECT_EQ(cohort.extractor, "uni");
  EXPECT_THAT(cohort.inferences, Contains(HasSubstr("extractor 'mahmood-uni-0123abcd' is 'uni': 1 file of ")));
  CohortOnDisk clam;
  clam.clini("PATIENT,label\nA,p\n").slides("PATIENT,FILENAME\nA,clam\n");
  fs::copy(fixture("clam.h5"), clam.feats("clam.h5"));
  EXPECT_THAT(clam.load().inferences, Contains(HasSubstr("features are read from dataset 'features' of 1 file")));
}

}  // namespace
}  // namespace mtlgrid::testing
