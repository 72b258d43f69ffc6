#include "results/predictions/prediction_files.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <fstream>
#include <iterator>
#include <sstream>

#include "base/errors.h"
#include "tests/orchestrator/config/scratch.h"
#include "tests/results/tables/grid_store.h"

namespace mtlgrid::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr const char* kSettings = R"({"biomarkers": {"MSI": {"label": "isMSIH", "positive": ["MSIH", "MSI-H"],
  "negative": "nonMSIH", "ignore": [], "auxiliaries": {"LF": "Leukocyte, fraction"}}}})";

MadeUpCell three_patients(const Cell& cell, bool external) {
  MadeUpCell made;
  for (int i = 0; i < 3; ++i) {
    Prediction p{external ? "EXT" : std::string(kTestCohort), fmt::format("P,{}", i)};
    p.label = i == 0;
    p.score = std::vector{0.75, 0.5, 0.9}[static_cast<std::size_t>(i)];
    p.log_odds = i;
    p.target = external && i == 2 ? kMissing : i + 0.5;
    p.prediction = cell.method == "baseline" ? kMissing : i + 0.25;
    made.predictions.push_back(p);
    made.embeddings.push_back({0, static_cast<float>(i)});
  }
  return made;
}

// Two methods and one fold of three patients each.
class PredictionFiles : public ::testing::Test {
 protected:
  PredictionFiles() {
    MadeUpGrid grid;
    grid.auxiliaries = {"LF"};
    grid.methods = {"baseline", "naive"};
    grid.folds = 1;
    grid.resamples = 0;
    grid.content = three_patients;
    store_ = std::make_unique<GridStore>(scratch_.path() / "grid.db", grid);
    set_settings(kSettings);
  }
  void set_settings(const std::string& json) {
    store_->database().prepare("UPDATE grids SET settings = ?").bind_all(json).run();
  }
  PredictionSource source() { return {store_->database(), 1}; }
  fs::path folder() const { return scratch_.path() / "stamp"; }

  Scratch scratch_;
  std::unique_ptr<GridStore> store_;
};

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) {
    if (line.ends_with('\r')) line.pop_back();
    lines.push_back(line);
  }
  return lines;
}

std::vector<std::string> lines_in(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return lines_of(std::string(std::istreambuf_iterator<char>(stream), {}));
}

TEST_F(PredictionFiles, StampsColumnsClassesOrderAndLoss) {
  EXPECT_EQ(write_stamp_predictions(FileCalls::real(), source(), folder()), 6u);  // baseline predicts no auxiliary
  // Losses by torch.nn.functional.cross_entropy of the probabilities: log(exp(p) + exp(1 - p)) - p of the true class.
  EXPECT_THAT(lines_in(folder() / "MSI/LF/naive/test/split-0/patient-preds.csv"),
              ElementsAre("PATIENT,isMSIH,pred,isMSIH_MSIH,isMSIH_nonMSIH,loss",
                          ::testing::StartsWith("\"P,0\",MSIH,MSIH,0.75,0.25,0.47407698"),
                          ::testing::StartsWith("\"P,1\",nonMSIH,MSIH,0.5,0.5,0.69314718"),
                          ::testing::StartsWith("\"P,2\",nonMSIH,MSIH,0.9,0.0999999999999999")));
  EXPECT_TRUE(fs::exists(folder() / "MSI/LF/baseline/EXT/split-0/patient-preds.csv"));
}

TEST_F(PredictionFiles, RegressionsHaveNamesOfTheirOwnAndLeaveOutWhatIsNotKnown) {
  write_stamp_predictions(FileCalls::real(), source(), folder());
  EXPECT_THAT(
      lines_in(folder() / "MSI/LF/naive/EXT/regression/split-0/patient-preds-0.csv"),
      ElementsAre("PATIENT,\"Leukocyte, fraction\",pred,loss", "\"P,0\",0.5,0.25,0.25", "\"P,1\",1.5,1.25,0.25"));
  EXPECT_FALSE(fs::exists(folder() / "MSI/LF/baseline/EXT/regression"));
}

TEST_F(PredictionFiles, OneCsvHasARowForEachPatientCohortAndCell) {
  const std::vector<std::string> lines = lines_of(prediction_csv(source()));
  ASSERT_EQ(lines.size(), 1u + 2 * 2 * 3);
  EXPECT_EQ(lines[0],
            "biomarker,auxiliary,method,fold,repeat,cohort,patient,class,label,score,log_odds,target,prediction");
  EXPECT_EQ(lines[1], "MSI,LF,baseline,0,0,test,\"P,0\",MSIH,1,0.75,0,0.5,");
  EXPECT_EQ(lines.back(), "MSI,LF,naive,0,0,EXT,\"P,2\",nonMSIH,0,0.9,2,,2.25");
}

TEST_F(PredictionFiles, OnlyTheCellsThatAreAskedFor) {
  PredictionSource some = source();
  some.cells = std::set<Cell>{{"MSI", "LF", "naive", 0}};
  EXPECT_EQ(lines_of(prediction_csv(some)).size(), 1u + 2 * 3);
  EXPECT_EQ(write_stamp_predictions(FileCalls::real(), some, folder()), 4u);
  EXPECT_FALSE(fs::exists(folder() / "MSI/LF/baseline"));
}

TEST_F(PredictionFiles, WithoutANegativeValueTheCsvHasItsLabelsAndStampsFilesAreRefused) {
  set_settings(R"({"biomarkers": {"MSI": {"label": "isMSIH", "positive": "MSIH", "negative": "", "ignore": [],
    "auxiliaries": {"LF": "LF"}}}})");
  EXPECT_THAT(lines_of(prediction_csv(source()))[2], HasSubstr("\"P,1\",,0,0.5"));
  EXPECT_THROW(write_stamp_predictions(FileCalls::real(), source(), folder()), InputError);
}

TEST_F(PredictionFiles, SettingsThatNoRunWritesAreRefused) {
  const std::size_t deep = 900;  // SQLite takes 1000
  set_settings(std::string(deep, '[') + std::string(deep, ']'));
  EXPECT_THROW(prediction_csv(source()), InputError);
  set_settings("[]");
  EXPECT_THROW(prediction_csv(source()), nlohmann::json::exception);
}

TEST_F(PredictionFiles, DatasetteIsToldOfEveryView) {
  const auto metadata = nlohmann::json::parse(datasette_metadata(store_->database(), "grid"));
  const auto& tables = metadata.at("databases").at("grid").at("tables");
  EXPECT_THAT(tables.at("table1").at("description").get<std::string>(), HasSubstr("mean AUROC"));
  Statement views = store_->database().prepare("SELECT count(*) FROM sqlite_master WHERE type = 'view'");
  ASSERT_TRUE(views.step());
  EXPECT_EQ(tables.size(), static_cast<std::size_t>(views.integer(0)));
}

}  // namespace
}  // namespace mtlgrid::testing
