// Files of splits as several tools write them.
#include "orchestrator/plan/split_file.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "base/errors.h"
#include "tests/datasets/workbooks/handmade.h"
#include "tests/orchestrator/config/scratch.h"

namespace mtlgrid {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// Patients a to f with a slide each, x-a.h5 to x-f.h5.
class SplitFiles : public ::testing::Test {
 protected:
  SplitFiles() {
    for (const char* name : {"a", "b", "c", "d", "e", "f"}) {
      Patient patient;
      patient.name = name;
      patient.slides.push_back({std::string("/feats/x-") + name + ".h5", 1, ""});
      cohort_.patients.push_back(patient);
    }
  }
  SplitFile read(const std::string& name, const std::string& text, int folds) {
    return read_split_file(scratch_.write(name, text), CohortNames(cohort_), folds);
  }
  std::string problem(const std::string& name, const std::string& text, int folds) {
    try {
      read(name, text, folds);
    } catch (const InputError& e) {
      return e.what();
    }
    return "(none)";
  }
  // Two folds of three patients each.
  static void expect_halves(const SplitFile& file) {
    ASSERT_THAT(file.splits, SizeIs(2));
    EXPECT_THAT(file.splits[0].test, ElementsAre("a", "b", "c"));
    EXPECT_THAT(file.splits[0].train, ElementsAre("d", "e", "f"));
    EXPECT_THAT(file.splits[1].test, ElementsAre("d", "e", "f"));
    EXPECT_THAT(file.splits[1].train, ElementsAre("a", "b", "c"));
    EXPECT_FALSE(file.validation);
    EXPECT_FALSE(file.form.empty()) << "what was found is said";
  }

  testing::Scratch scratch_;
  Cohort cohort_;
};

TEST_F(SplitFiles, StampsNeedNoWord) {
  const SplitFile file = read("splits.json",
                              R"({"splits": [{"train_patients": ["a"], "test_patients": ["b"]},
                                             {"train_patients": ["b"], "test_patients": ["a"]}]})",
                              2);
  EXPECT_TRUE(file.stamp);
  EXPECT_EQ(file.form, "2 splits of STAMP");
  EXPECT_THAT(file.splits[1].test, ElementsAre("a"));
}

TEST_F(SplitFiles, OtherJsonIsReadByItsKeys) {
  for (const char* text : {R"([{"train": ["a"], "val": ["b"], "test": ["c"]}, {"train": ["b"], "test": ["a"]}])",
                           R"({"fold_10": {"train": ["b"], "test": ["a"]},
                              "fold_9": {"train_ids": ["a"], "Valid": ["b"], "test_ids": ["c"], "seed": 3}})"}) {
    const SplitFile file = read("s.json", text, 2);
    EXPECT_THAT(file.splits[0].valid, ElementsAre("b")) << text;
    EXPECT_THAT(file.splits[1].test, ElementsAre("a")) << text;
    EXPECT_TRUE(file.validation);
    EXPECT_FALSE(file.stamp);
  }
  expect_halves(read("s.json", R"({"a": 0, "b": 0, "c": 0, "d": 1, "e": 1, "f": 1})", 2));
  EXPECT_THAT(problem("s.json", R"({"splits": [{"train_patients": ["a"], "train": []}]})", 1),
              HasSubstr("split 1 has a part twice"));
  EXPECT_THAT(problem("s.json", R"([{"train": ["a"], "val": ["b"]}])", 1), HasSubstr("split 1 has no test_patients"));
  EXPECT_THAT(problem("s.json", R"({"splits": [{"train": [1.5], "test": []}]})", 1), HasSubstr("is not a name"));
}

TEST_F(SplitFiles, SlideflowsPlansAreSlidesInFolds) {
  const std::string two = R"({"strategy": "k-fold", "patients": {"a": {"outcome_label": 0, "slides": ["x-a"]}},
      "tfrecords": {"k-fold-1": ["x-a", "x-b", "x-c"], "k-fold-2": ["x-d", "x-e", "x-f"]}})";
  const std::string fixed =
      R"({"strategy": "fixed", "patients": {}, "tfrecords": {"validation": ["x-a"], "training": ["x-b"]}})";
  const std::string three = R"({"strategy": "k-fold-preserved-site", "patients": {},
      "tfrecords": {"k-fold-1": ["x-a"], "k-fold-2": ["x-b"], "k-fold-3": ["x-c"]}})";
  const SplitFile file = read("splits.json", "[" + fixed + "," + two + "," + three + "]", 2);
  EXPECT_THAT(file.form, HasSubstr("plan 2 of 3 of Slideflow"));
  ASSERT_THAT(file.splits, SizeIs(2));
  EXPECT_THAT(file.splits[0].test, ElementsAre("x-a", "x-b", "x-c"));
  EXPECT_THAT(file.splits[0].train, ElementsAre("x-d", "x-e", "x-f"));
  EXPECT_THAT(problem("splits.json", "[" + two + "]", 5), HasSubstr("has 2 splits, expected 5 (folds)"));
  EXPECT_THAT(problem("splits.json", "[" + two + "," + two + "]", 2), HasSubstr("2 plans of Slideflow with 2 folds"));
  EXPECT_THAT(problem("splits.json", "[" + two + "," + three + "]", 5), HasSubstr("none of them with 5 folds"));
  EXPECT_THAT(problem("splits.json", "[" + fixed + "]", 2), HasSubstr("none of the 1 plan of Slideflow"));
  EXPECT_THAT(problem("splits.json", R"([{"tfrecords": {"k-fold-1": 3}}])", 1), HasSubstr("is not a list"));
}

TEST_F(SplitFiles, AFoldBesideEachPatient) {
  expect_halves(read("s.csv", "PATIENT,fold\na,1\nb,1\nc,1\nd,2\ne,2\nf,2\n", 2));
  expect_halves(read("s.tsv", "fold\tcase\tage\n0\ta\t50\n0\tb\t2\n0\tc\t2\n1\td\t1\n1\te\t1\n1\tf\t1\n", 2));
  expect_halves(read("s.csv", "id,wave\na,first\nb,first\nc,first\nd,second\ne,second\nf,second\n", 2));
  const SplitFile many = read("s.csv", "PATIENT,fold\na,fold10\nb,fold9\nc,fold2\n", 3);
  EXPECT_THAT(many.splits[0].test, ElementsAre("c")) << "by number";
}

TEST_F(SplitFiles, TablesMayBeSheetsOfAWorkbook) {
  using testing::number_cell;
  using testing::text_cell;
  std::vector<std::string> rows{text_cell("PATIENT") + text_cell("fold")};
  for (const char* name : {"a", "b", "c"}) rows.push_back(text_cell(name) + number_cell("0"));
  for (const char* name : {"d", "e", "f"}) rows.push_back(text_cell(name) + number_cell("1"));
  const std::string notes = testing::sheet_of({text_cell("drawn in May")});
  const std::string book = testing::zipped(testing::parts_of({{"notes", notes}, {"folds", testing::sheet_of(rows)}}));
  const auto path = scratch_.write("s.XLSX", book);
  expect_halves(read_split_file(path.string() + "#folds", CohortNames(cohort_), 2));
  expect_halves(read("one.xlsx", testing::zipped(testing::parts_of({{"S", testing::sheet_of(rows)}})), 2));
  EXPECT_THAT([&] { read_split_file(path.string() + "#fold", CohortNames(cohort_), 2); },
              ::testing::ThrowsMessage<InputError>(HasSubstr("'folds'")));
}

// As the code of site-preserved cross-validation writes its folds: a table with a column CV3 or CV5.
TEST_F(SplitFiles, OfSeveralColumnsOfFoldsTheOneWithAsManyValuesIsTaken) {
  const std::string text = "submitter_id,site,CV2,CV3\na,x,1,1\nb,x,1,1\nc,y,1,2\nd,y,2,2\ne,z,2,3\nf,z,2,3\n";
  expect_halves(read("s.csv", text, 2));
  const SplitFile three = read("s.csv", text, 3);
  EXPECT_THAT(three.splits[2].test, ElementsAre("e", "f"));
  EXPECT_THAT(three.form, AllOf(HasSubstr("in column 'CV3'"), HasSubstr("patients in 'submitter_id'")));
  EXPECT_THAT(problem("s.csv", text, 5),
              AllOf(HasSubstr("'CV2' has 2 values, 'CV3' has 3 values"), HasSubstr("none of its columns of folds")));
}

TEST_F(SplitFiles, APartInEachSplitBesideEachPatient) {
  const SplitFile file = read("k=all.tsv",
                              "case_id\tslide_id\tfold_0\tfold_1\na\tx-a\ttrain\ttest\nb\tx-b\ttest\ttrain\n"
                              "c\tx-c\tval\ttrain\n",
                              2);
  EXPECT_THAT(file.splits[0].train, ElementsAre("a"));
  EXPECT_THAT(file.splits[0].valid, ElementsAre("c"));
  EXPECT_THAT(file.splits[1].test, ElementsAre("a"));
}

TEST_F(SplitFiles, ARowForEachPatientAndSplit) {
  expect_halves(read("s.csv",
                     "fold,role,patient\n0,test,a\n0,test,b\n0,test,c\n0,train,d\n0,train,e\n0,train,f\n"
                     "1,train,a\n1,train,b\n1,train,c\n1,test,d\n1,test,e\n1,test,f\n",
                     2));
}

TEST_F(SplitFiles, AFolderOfClamsLists) {
  scratch_.write("clam/splits_0.csv", ",train,val,test\n0,x-a,x-c,x-d\n1,x-b,,x-e\n");
  scratch_.write("clam/splits_1.csv", ",train,val,test\n0,x-d,x-c,x-a\n1,x-e,,x-b\n");
  scratch_.write("clam/splits_0_bool.csv", ",train,val,test\nx-a,True,False,False\n");
  scratch_.write("clam/splits_0_descriptor.csv", ",train,val,test\nMSI,1,0,1\n");
  const CohortNames names(cohort_);
  const SplitFile file = read_split_file(scratch_.path() / "clam", names, 2);
  EXPECT_THAT(file.splits[0].train, ElementsAre("x-a", "x-b"));
  EXPECT_THAT(file.splits[0].valid, ElementsAre("x-c"));
  EXPECT_THAT(file.splits[1].test, ElementsAre("x-a", "x-b"));
  EXPECT_EQ(names.patient_of("x-c"), "c");
  EXPECT_EQ(names.patient_of("x-c.h5"), "c");
  EXPECT_EQ(names.patient_of("x-c.svs"), "c");
  cohort_.patients[0].slides.push_back({"/feats/other/x-c.h5", 1, ""});
  EXPECT_EQ(CohortNames(cohort_).patient_of("x-c"), "x-c") << "a and c have a file of that name";
  EXPECT_THAT(problem("clam/splits_0.csv", ",train,val,test\n0,x-a,x-c,x-d\n", 2),
              HasSubstr("write the folder with splits_0.csv to splits_1.csv"));
  scratch_.write("clam/splits_0.csv", "a,b,c\n1,2,3\n");
  scratch_.write("clam/splits_1.csv", "a,b,c\n1,2,3\n");
  try {
    read_split_file(scratch_.path() / "clam", names, 2);
    FAIL() << "no error";
  } catch (const InputError& e) {
    EXPECT_THAT(e.problems(), SizeIs(2)) << "one a file";
  }
}

TEST_F(SplitFiles, TruthValuesBesideNames) {
  const SplitFile file = read("s.csv", ",train,val,test\nx-a,True,False,False\nx-b,FALSE,TRUE,FALSE\nx-c,0,0,1\n", 1);
  EXPECT_THAT(file.splits[0].train, ElementsAre("x-a"));
  EXPECT_THAT(file.splits[0].valid, ElementsAre("x-b"));
  EXPECT_THAT(file.splits[0].test, ElementsAre("x-c"));
}

TEST_F(SplitFiles, WhatIsNotOneIsRefusedWithTheForms) {
  EXPECT_THAT(problem("s.csv", "PATIENT,age,sex\na,1,f\nb,2,m\n", 2),
              AllOf(HasSubstr("no column says the folds"), HasSubstr("'PATIENT', 'age', 'sex'")));
  EXPECT_THAT(problem("s.csv", "PATIENT,fold\na,1\nb,2\n", 5), HasSubstr("has 2 splits, expected 5 (folds)"));
  EXPECT_THAT(problem("s.csv", "PATIENT,split\na,train\nb,test\n", 5), HasSubstr("has 1 splits, expected 5 (folds)"));
  std::string many = "PATIENT,fold\n";
  for (int i = 0; i < 1500; ++i) many += fmt::format("p{},{}\n", i, i);
  EXPECT_THAT(problem("s.csv", many, 5), HasSubstr("1500 different folds of 1500 patients"));
  std::filesystem::create_directory(scratch_.path() / "empty");
  EXPECT_THROW(read_split_file(scratch_.path() / "empty", CohortNames(cohort_), 2), InputError);
}

}  // namespace
}  // namespace mtlgrid
