#include "orchestrator/plan/written_splits.h"

#include <gmock/gmock.h>

#include "tests/orchestrator/plan/synthetic_plan.h"

namespace mtlgrid {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::PlanOfSynthetic;
using ::testing::SizeIs;

// The synthetic cohorts with a column SITE of `sites` values in the training cohort of MSI.
class WrittenSplitsOfSynthetic : public PlanOfSynthetic {
 protected:
  static void add_sites(int sites) {
    std::ifstream stream(scratch_->path() / "data/TCGA-CRC/clini.csv");
    std::string table, line;
    for (int row = 0; std::getline(stream, line); ++row) {
      table += line + (row == 0 ? ",SITE" : ",S" + std::to_string(row % sites)) + "\n";
    }
    scratch_->write("data/TCGA-CRC/sites.csv", table);
  }
  // One biomarker, in whole site groups.
  static Changes grouped(const std::string& more) {
    return {{"TCGA-CRC/clini.csv", "TCGA-CRC/sites.csv"},
            {"\nfolds = 5", "\nfolds = 4\ngroups = SITE"},
            {"auxiliaries = ITH, LF, LISS, Prolif, SF", "auxiliaries = LF" + more},
            {"train = TCGA-LUAD", "train = TCGA-CRC"},
            {"label = HRD", "label = isMSIH"},
            {"positive = HRD", "positive = MSIH\nnegative = nonMSIH\nignore = MSI-L"},
            {"external = CPTAC-LUAD\n", ""},
            {"auxiliaries = ITH, Prolif", "auxiliaries = LF" + more}};
  }
};

TEST_F(WrittenSplitsOfSynthetic, AreStampsAndComeBackAsTheSameFolds) {
  add_sites(9);
  const Plan own = plan(changed(grouped("")));
  const auto written = written_splits(own, "/x/s.json");
  ASSERT_THAT(written, SizeIs(1)) << "both biomarkers have the same";
  EXPECT_EQ(written[0].file, "/x/s.json");
  EXPECT_THAT(written[0].pairs, ElementsAre("MSI/LF", "HRD/LF"));
  EXPECT_THAT(written[0].text,
              ::testing::StartsWith("{\n    \"splits\": [\n        {\n            \"train_patients\": [\n"));
  scratch_->write("data/s.json", written[0].text);
  const Plan back = plan(changed(grouped("\nsplits = s.json")));
  EXPECT_EQ(nlohmann::json(back.experiment.pairs).dump(), nlohmann::json(own.experiment.pairs).dump())
      << "validation rows too";
  EXPECT_EQ(back.grid.identity, own.grid.identity);
}

TEST_F(WrittenSplitsOfSynthetic, DifferentFoldsAreFilesOfTheirOwn) {
  std::vector<std::string> files;
  for (const WrittenSplits& w : written_splits(plan(), "/x/splits.json")) files.push_back(w.file.filename());
  EXPECT_THAT(files,
              ElementsAre("splits-MSI-ITH.json", "splits-MSI-LF.json", "splits-MSI-LISS.json", "splits-MSI-Prolif.json",
                          "splits-MSI-SF.json", "splits-HRD-ITH.json", "splits-HRD-Prolif.json"))
      << "patients lack different auxiliary values";
  files.clear();
  for (const WrittenSplits& w :
       written_splits(plan(changed({{"auxiliaries = ITH, LF, LISS, Prolif, SF", "auxiliaries = LF, X: LF"},
                                    {"auxiliaries = ITH, Prolif", "auxiliaries = ITH"}})),
                      "/x/splits.json")) {
    files.push_back(w.file.filename());
  }
  EXPECT_THAT(files, ElementsAre("splits-MSI.json", "splits-HRD.json"));
}

}  // namespace
}  // namespace mtlgrid
