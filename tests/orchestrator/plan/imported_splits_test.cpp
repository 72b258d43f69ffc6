#include "orchestrator/plan/imported_splits.h"

#include <gmock/gmock.h>

#include "base/ascii.h"
#include "tests/orchestrator/plan/synthetic_plan.h"

namespace mtlgrid {
namespace {

using ::testing::HasSubstr;
using testing::PlanOfSynthetic;

// splits.json of STAMP: our own folds written out must come back, and every damage must be named.
class ImportedSplits : public PlanOfSynthetic {
 protected:
  nlohmann::json exported(const Plan& p) const {
    nlohmann::json splits = nlohmann::json::array();
    for (int fold = 0; fold < 5; ++fold) {
      nlohmann::json train = nlohmann::json::array(), test = train;
      for (const SplitRow& row : p.grid.splits) {
        if (row.biomarker == "HRD" && row.auxiliary == "ITH" && row.fold == fold) {
          (row.role == "test" ? test : train).push_back(row.patient);
        }
      }
      splits.push_back({{"train_patients", train}, {"test_patients", test}});
    }
    return {{"splits", splits}};
  }
  Plan with(const nlohmann::json& splits) const { return with_text(splits.dump(4)); }
  Plan with_text(const std::string& text) const {
    scratch_->write("data/splits.json", text);
    return plan(changed("auxiliaries = ITH, Prolif", "auxiliaries = ITH\nsplits = splits.json"));
  }
  std::string problem(const std::string& text) const {
    try {
      with_text(text);
    } catch (const InputError& e) {
      return e.what();
    }
    return "(none)";
  }
};

TEST_F(ImportedSplits, OurOwnFoldsComeBack) {
  const Plan own = plan(changed("auxiliaries = ITH, Prolif", "auxiliaries = ITH"));
  const Plan imported = with(exported(own));
  ASSERT_EQ(imported.grid.splits.size(), own.grid.splits.size());
  for (std::size_t i = 0; i < own.grid.splits.size(); ++i) {
    EXPECT_EQ(imported.grid.splits[i].patient, own.grid.splits[i].patient);
    EXPECT_EQ(imported.grid.splits[i].role, own.grid.splits[i].role);
  }
}

TEST_F(ImportedSplits, PatientsNeverTestedOrTestedTwiceAreCounted) {
  auto splits = exported(plan(changed("auxiliaries = ITH, Prolif", "auxiliaries = ITH")));
  splits["splits"][1] = splits["splits"][0];  // a mistake of copying
  std::string said;
  for (const Cohort& cohort : with(splits).cohorts) {
    for (const std::string& line : cohort.warnings) said += line + "\n";
  }
  EXPECT_THAT(said, HasSubstr("the splits do not test each patient once"));
  EXPECT_THAT(said,
              ::testing::ContainsRegex("pair HRD/ITH: [0-9]+ of [0-9]+ patients never, [1-9][0-9]* more than once"));
}

TEST_F(ImportedSplits, DamageIsNamed) {
  auto splits = exported(plan());
  EXPECT_THAT(problem("{"), HasSubstr("splits.json: expected a splits.json file of STAMP"));
  EXPECT_THAT(problem("{\"splits\": [{}]}"), HasSubstr("train_patients"));
  auto fewer = splits;
  fewer["splits"].erase(0);
  EXPECT_THAT(problem(fewer.dump()), HasSubstr("has 4 splits, expected 5 (folds)"));
  auto missing = splits;
  const std::string patient = missing["splits"][1]["test_patients"][0];
  missing["splits"][1]["test_patients"].erase(0);
  EXPECT_THAT(
      problem(missing.dump()),
      HasSubstr("splits.json: patients of pair HRD/ITH are in neither train_patients nor test_patients of a split ('" +
                patient + "' in split 2); each split needs"));
  EXPECT_THAT(problem(missing.dump()), ::testing::Not(HasSubstr("all of one class")));
  auto lower = nlohmann::json::parse(lower_ascii(splits.dump()));
  EXPECT_THAT(problem(lower.dump()),
              ::testing::MatchesRegex("[^\n]*splits.json: none of the [0-9]+ patients of pair HRD/ITH "
                                      "[^\n]*upper and lower case[^\n]*"))
      << "one line, with the nearest explanation";
  auto twice = splits;
  twice["splits"][2]["train_patients"].push_back(twice["splits"][2]["test_patients"][0]);
  EXPECT_THAT(problem(twice.dump()), HasSubstr("are in both train_patients and test_patients of a split"));
  auto empty = splits;
  for (auto& split : empty["splits"]) split["train_patients"].clear();
  EXPECT_THAT(problem(empty.dump()), ::testing::MatchesRegex("[^\n]*neither[^\n]*of a split [(][0-9]+ times: [^\n]*"))
      << "one line, not one for each patient";
}

}  // namespace
}  // namespace mtlgrid
