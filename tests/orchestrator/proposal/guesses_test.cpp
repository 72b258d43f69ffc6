// Cohorts, labels and auxiliaries: what is trained, what is external, and what the comments say of it.
#include <fmt/format.h>

#include "tests/orchestrator/proposal/study.h"

namespace mtlgrid::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

using Row = std::function<std::string(int)>;

// A cohort in a folder of its own, with a slide table.
void add_cohort(Study& study, const std::string& name, const std::string& header, int patients, const Row& row) {
  study.table(name + "/clini.csv", "PATIENT," + header, patients,
              [&](int i) { return fmt::format("{}-{},{}", name, i, row(i)); });
  study.table(name + "/slide.csv", "PATIENT,FILENAME", patients,
              [&](int i) { return fmt::format("{0}-{1},{0}-{1}.h5", name, i); });
  for (int i = 0; i < patients; ++i) study.features(fmt::format("{0}/feats/{0}-{1}.h5", name, i));
}

Row labelled(const std::string& positive, const std::string& negative, const std::string& rest = "") {
  return [=](int i) { return (i % 3 == 0 ? positive : negative) + rest; };
}

Row with_number(const std::string& positive, const std::string& negative) {
  return [=](int i) { return fmt::format("{},{}.5", i % 3 == 0 ? positive : negative, i); };
}

TEST(Guesses, TheCohortWithTheSignaturesTrainsAndTheOtherIsExternal) {
  Study study;
  add_cohort(study, "CPTAC", "isMSIH", 30, labelled("MSI-H", "non-MSIH"));
  add_cohort(study, "TCGA", "isMSIH,LF", 20, with_number("MSIH", "nonMSIH"));
  study.propose();
  const BiomarkerConfig biomarker = study.config().biomarkers.at(0);
  EXPECT_EQ(biomarker.train, "TCGA");
  EXPECT_THAT(biomarker.external, ElementsAre("CPTAC"));
  EXPECT_THAT(biomarker.rule.positive, ElementsAre("MSIH", "MSI-H"));  // of both cohorts
  EXPECT_THAT(biomarker.rule.negative, ElementsAre("nonMSIH", "non-MSIH"));
  EXPECT_EQ(study.config().folds, 5);
}

TEST(Guesses, CohortsThatCannotBeExternalAreNamedWithTheReason) {
  Study study;
  add_cohort(study, "A", "HRD,ITH", 20, with_number("HRD", "nonHRD"));
  add_cohort(study, "B", "HRD", 20, labelled("HRD", "grey"));
  study.table("C/clini.csv", "PATIENT,HRD", 25,
              [](int i) { return fmt::format("{}-{},{}", i < 5 ? "A" : "C", i, i % 2 ? "HRD" : "nonHRD"); });
  study.table("C/slide.csv", "PATIENT,FILENAME", 25,
              [](int i) { return fmt::format("{}-{},c{}.h5", i < 5 ? "A" : "C", i, i); });
  for (int i = 0; i < 25; ++i) study.features(fmt::format("C/feats/c{}.h5", i));
  const std::string text = study.propose().configuration;
  EXPECT_THAT(study.config().biomarkers.at(0).external, IsEmpty());
  EXPECT_THAT(
      text,
      HasSubstr("cohort B has the column too and is not proposed as external: its value 'grey' is of neither class"));
  EXPECT_THAT(
      text,
      HasSubstr(
          "cohort C has the column too and is not proposed as external: 5 patients of the training cohort are in it"));
}

TEST(Guesses, PatientsWithTheSameNumbersInTwoCohortsHaveTheTableBesideTheirFeatures) {
  Study study;
  for (const std::string name : {"A", "B"}) {
    study.table(name + "/clini.csv", name == "A" ? "PATIENT,HRD,ITH" : "PATIENT,HRD", 20, [&](int i) {
      return fmt::format("{},{}{}", i, i % 3 ? "nonHRD" : "HRD", name == "A" ? fmt::format(",{}.5", i) : "");
    });
    study.table(name + "/slide.csv", "PATIENT,FILENAME", 20,
                [&](int i) { return fmt::format("{0},{1}{0}.h5", i, name); });
    for (int i = 0; i < 20; ++i) study.features(fmt::format("{0}/feats/{0}{1}.h5", name, i));
  }
  study.propose();
  const Config config = study.config();
  ASSERT_EQ(config.cohorts.size(), 2u);
  EXPECT_EQ(config.cohorts[1].clini, study.folder() / "B/clini.csv");
}

TEST(Guesses, ThorssonsColumnsAreThePapersSignaturesInItsOrder) {
  Study study;
  add_cohort(study, "A",
             "HRD,Stromal Fraction,Proliferation,Leukocyte Fraction,Intratumor Heterogeneity,"
             "Lymphocyte Infiltration Signature Score,Aneuploidy Score,age",
             20, [](int i) {
               return fmt::format("{},{}.1,{}.2,{}.3,{}.4,{}.5,{}.6,{}.7", i % 3 ? "0" : "1", i, i, i, i, i, i, i);
             });
  const std::string text = study.propose().configuration;
  EXPECT_THAT(text, HasSubstr("auxiliaries = ITH: Intratumor Heterogeneity, LF: Leukocyte Fraction, LISS: Lymphocyte "
                              "Infiltration Signature Score, Prolif: Proliferation, SF: Stromal Fraction\n"));
  EXPECT_THAT(text, HasSubstr("; further columns of numbers: Aneuploidy Score\n"));
  EXPECT_THAT(text, HasSubstr("'1' 7, '0' 13; positive by its name"));
  EXPECT_EQ(study.config().biomarkers.at(0).auxiliaries.size(), 5u);
}

TEST(Guesses, ValuesBetweenTheClassesAndMissingOnesAreLeftOut) {
  Study study;
  add_cohort(study, "A", "MSI,LF", 24, [](int i) {
    const char* classes[] = {"MSI-H", "MSS", "MSS", "MSI-L", "MSI-H", "[Not Available]"};
    return fmt::format("{},{}", classes[i % 6], i % 5 == 0 ? "--" : fmt::format("{}.5", i));
  });
  study.propose();
  const Config config = study.config();
  EXPECT_THAT(config.biomarkers.at(0).rule.ignore, ElementsAre("MSI-L"));
  EXPECT_THAT(config.cohorts.at(0).missing, ElementsAre("--", "[Not Available]"));
}

TEST(Guesses, ALabelThatIsNoKnownBiomarkerIsProposedAloneAndSaysSo) {
  Study study;
  add_cohort(study, "A", "sex,subtype,left,marker", 30, [](int i) {
    return fmt::format("{},{},{},{}.5", i % 2 ? "m" : "f", i % 5 ? "luminal" : "basal", i % 4 ? "x" : "z", i);
  });
  const std::string text = study.propose().configuration;
  const Config config = study.config();
  ASSERT_EQ(config.biomarkers.size(), 1u);
  EXPECT_EQ(config.biomarkers[0].name, "left");  // the larger rarer class
  EXPECT_THAT(text, HasSubstr("positive the rarer one: nothing else tells them apart, check it"));
  EXPECT_THAT(text, HasSubstr("; not proposed, not a biomarker by its name: column subtype of cohort A"));
  EXPECT_THAT(text, HasSubstr("; [biomarker.subtype]\n"));
  EXPECT_THAT(text, HasSubstr("columns of numbers, of which nothing else is known"));
  EXPECT_THAT(text, Not(HasSubstr("sex")));
}

TEST(Guesses, WithoutALabelASectionIsAskedFor) {
  Study study;
  add_cohort(study, "A", "grade,LF", 20, [](int i) { return fmt::format("G{},{}.5", i % 4, i); });
  const Proposal& proposal = study.propose();
  EXPECT_THAT(proposal.configuration, HasSubstr("; [biomarker.NAME]\n"));
  EXPECT_FALSE(proposal.complete);
  EXPECT_THAT(proposal.summary, ::testing::Contains(HasSubstr("no biomarker proposed")));
}

TEST(Guesses, NamesThatAConfigurationMustQuoteAreQuoted) {
  Study study;
  study.table("a, b/my clini.csv", "\"Patient, ID\",\"HRD: status\",\"LF\",\"x # y\"", 20,
              [](int i) { return fmt::format("\"p, {}\",{},{}.5,{}.5", i, i % 3 ? "\"no, none\"" : "yes", i, i); });
  study.table("a, b/slides.csv", "who,file", 20, [](int i) { return fmt::format("\"p, {}\",f{}", i, i); });
  for (int i = 0; i < 20; ++i) study.features(fmt::format("a, b/feats/f{}.h5", i));
  study.propose();
  const Config config = study.config();
  EXPECT_EQ(config.cohorts.at(0).name, "a- b");
  EXPECT_EQ(config.cohorts[0].clini, study.folder() / "a, b/my clini.csv");
  EXPECT_EQ(config.cohorts[0].patient_column, "Patient, ID");
  EXPECT_EQ(config.cohorts[0].slide_patient_column, "who");
  EXPECT_EQ(config.biomarkers.at(0).rule.column, "HRD: status");
  EXPECT_THAT(config.biomarkers[0].rule.negative, ElementsAre("no, none"));
}

}  // namespace
}  // namespace mtlgrid::testing
