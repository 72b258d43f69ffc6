#include "datasets/synthetic/synth.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "datasets/cohorts/classes.h"
#include "datasets/cohorts/labels.h"
#include "datasets/cohorts/load_cohort.h"
#include "datasets/features/features.h"
#include "datasets/features/half.h"
#include "datasets/splits/folds.h"
#include "tests/datasets/support.h"

namespace fs = std::filesystem;

namespace mtlgrid::testing {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

struct PairOf {
  const char *train, *external, *label, *positive;
  std::vector<std::string> auxiliaries;
};
const std::vector<PairOf> kPaper{{"TCGA-CRC", "CPTAC-CRC", "isMSIH", "MSIH", {"ITH", "LF", "LISS", "Prolif", "SF"}},
                                 {"TCGA-LUAD", "CPTAC-LUAD", "HRD", "HRD", {"ITH", "Prolif"}}};

Cohort load(const fs::path& root, const std::string& name) {
  FingerprintMemory memory;
  Problems problems;
  Cohort cohort = load_cohort({name, root / name / "clini.csv", root / name / "slide.csv", root / name / "feats"},
                              memory, problems);
  EXPECT_THAT(problems.lines(), IsEmpty());
  return cohort;
}

SynthSettings small(std::uint64_t seed = 1337) { return {24, 4, 8, seed}; }

TEST(Synth, EmbeddingsAreOneRowASlideOfEveryCohort) {
  const TempFolder tiles, embeddings;
  write_synthetic(tiles.path(), small());
  SynthSettings settings = small();
  settings.embeddings = true;
  write_synthetic(embeddings.path(), settings);
  for (const char* name : {"TCGA-CRC", "CPTAC-CRC", "TCGA-LUAD", "CPTAC-LUAD"}) {
    const Cohort of_tiles = load(tiles.path(), name), of_slides = load(embeddings.path(), name);
    EXPECT_EQ(of_slides.level, FeatureLevel::slide) << name;
    ASSERT_EQ(of_slides.patients.size(), of_tiles.patients.size()) << name;
    for (const Patient& patient : of_slides.patients) {
      EXPECT_EQ(patient.tiles(), static_cast<std::int64_t>(patient.slides.size()));
    }
  }
}

TEST(Synth, EveryPairOfThePaperCanBeSplit) {
  for (const std::uint64_t seed : {1337u, 1u, 2u, 3u}) {
    const TempFolder out;
    write_synthetic(out.path(), small(seed));
    for (const auto& pair : kPaper) {
      const Cohort training = load(out.path(), pair.train), external = load(out.path(), pair.external);
      Problems problems;
      check_disjoint(training, external, problems);
      check_same_features(training, external, problems);
      const LabelRule rule = find_classes({pair.label, {pair.positive}, {}, {"MSI-L"}}, training, "", problems);
      for (const auto& auxiliary : pair.auxiliaries) {
        const auto rows = label_rows(training, rule, auxiliary, true, problems);
        const auto positives = std::count(rows.label.begin(), rows.label.end(), 1);
        EXPECT_GT(positives, 5);
        EXPECT_GT(static_cast<std::ptrdiff_t>(rows.label.size()) - positives, 5);
        EXPECT_THAT(cross_validation(rows.label, 5, 0.2, 1337), SizeIs(5));
        label_rows(external, rule, auxiliary, false, problems);
      }
      EXPECT_THAT(problems.lines(), IsEmpty());
    }
  }
}

TEST(Synth, TheAccountOfDropsHasSomethingToShow) {
  const TempFolder out;
  write_synthetic(out.path(), small());
  const Cohort cohort = load(out.path(), "TCGA-CRC");
  EXPECT_THAT(drops_of(cohort.drops),
              ElementsAre("TCGA-CRC-0000/TCGA-CRC-0000-lost.h5: no feature file",
                          "TCGA-CRC-unknown/TCGA-CRC-unknown-1.h5: patient not in the clinical table",
                          "TCGA-CRC-noslide/: not in the slide table"));
  Problems problems;
  const auto rows = label_rows(cohort, {"isMSIH", {"MSIH"}, {"nonMSIH"}, {"MSI-L"}}, "LF", true, problems);
  EXPECT_THAT(drops_of(rows.drops), Contains(HasSubstr("ignored label 'MSI-L'")));
  EXPECT_THAT(drops_of(rows.drops), Contains(HasSubstr("no label in 'isMSIH'")));
  EXPECT_THAT(drops_of(rows.drops), Contains(HasSubstr("no value in 'LF'")));
}

TEST(Synth, BothLayoutsSubFoldersAndSpellingsOccur) {
  const TempFolder out;
  write_synthetic(out.path(), small());
  EXPECT_THAT(read_text(out / "TCGA-CRC/slide.csv"), HasSubstr("TCGA-CRC-0003,second/TCGA-CRC-0003-2.h5\n"));
  EXPECT_THAT(read_text(out / "CPTAC-CRC/slide.csv"), HasSubstr("CPTAC-CRC-0003,CPTAC-CRC-0003-2\n"));
  EXPECT_THAT(load(out.path(), "CPTAC-CRC").patients[3].slides, SizeIs(2));
  const auto v1 = inspect_features(out / "CPTAC-CRC/feats/CPTAC-CRC-0000-1.h5");
  EXPECT_EQ(v1.extractor, "STAMP-extract-001_01-10-2023_synthetic");
  EXPECT_EQ(v1.width, 8);
}

TEST(Synth, AnExternalTargetIsMissingForSome) {
  const TempFolder out;
  write_synthetic(out.path(), small());
  Problems problems;
  const auto rows =
      label_rows(load(out.path(), "CPTAC-CRC"), {"isMSIH", {"MSIH"}, {"nonMSIH"}, {}}, "LISS", false, problems);
  const auto missing = std::count_if(rows.target.begin(), rows.target.end(), [](double x) { return std::isnan(x); });
  EXPECT_GE(missing, 3);
  EXPECT_LE(missing, 6);
}

TEST(Synth, SameSettingsGiveTheSameBytesAndValues) {
  const TempFolder one, two, three;
  write_synthetic(one / "a", small());
  write_synthetic(two / "a", small());
  write_synthetic(three / "a", small(7));
  for (const char* file : {"grid.ini", "TCGA-CRC/clini.csv", "TCGA-CRC/slide.csv", "CPTAC-LUAD/clini.csv"}) {
    EXPECT_EQ(read_text(one / "a" / file), read_text(two / "a" / file));
  }
  for (const char* name : {"TCGA-CRC", "CPTAC-CRC", "TCGA-LUAD", "CPTAC-LUAD"}) {
    EXPECT_EQ(load(one / "a", name).fingerprint, load(two / "a", name).fingerprint);
    EXPECT_NE(load(one / "a", name).fingerprint, load(three / "a", name).fingerprint);
  }
}

// Correlation of an auxiliary of the training cohort with another.
double correlation(const Cohort& cohort, const std::string& a, const std::string& b) {
  Problems problems;
  const LabelRule rule{"isMSIH", {"MSIH"}, {"nonMSIH"}, {"MSI-L"}};
  const auto x = label_rows(cohort, rule, a, false, problems).target,
             y = label_rows(cohort, rule, b, false, problems).target;
  double n = 0, sx = 0, sy = 0, sxx = 0, syy = 0, sxy = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (std::isnan(x[i]) || std::isnan(y[i])) continue;
    ++n, sx += x[i], sy += y[i], sxx += x[i] * x[i], syy += y[i] * y[i], sxy += x[i] * y[i];
  }
  return (n * sxy - sx * sy) / std::sqrt((n * sxx - sx * sx) * (n * syy - sy * sy));
}

TEST(Synth, PlantedAuxiliariesKnowTheBiologyAndNullDoesNot) {
  const TempFolder out;
  write_synthetic(out / "a", {200, 1, 4, 1337, true});
  const Cohort training = load(out / "a", "TCGA-CRC"), external = load(out / "a", "CPTAC-CRC");
  EXPECT_THAT(external.patients, SizeIs(2 * training.patients.size()));
  EXPECT_GT(correlation(training, "LF", "LISS"), 0.9);
  EXPECT_LT(std::abs(correlation(training, "LF", "Null")), 0.2);
  EXPECT_LT(std::abs(correlation(training, "LF", "Prolif")), 0.2);
  EXPECT_THAT(read_text(out / "a/grid.ini"), HasSubstr("auxiliaries = ITH, LF, LISS, Prolif, Null\n"));
}

std::vector<double> mean_features(const Patient& patient, std::size_t width) {
  std::vector<fs::path> files;
  for (const auto& slide : patient.slides) files.push_back(slide.path);
  const Bag bag = read_bag(files);
  std::vector<double> mean(width, 0);
  for (std::size_t i = 0; i < bag.values.size(); ++i) {
    mean[i % width] += from_half(bag.values[i]) / static_cast<double>(bag.tiles);
  }
  return mean;
}

// Area under the ROC curve by counting pairs.
double auroc(const std::vector<int>& label, const std::vector<double>& score) {
  double wins = 0, pairs = 0;
  for (std::size_t i = 0; i < label.size(); ++i) {
    for (std::size_t j = 0; j < label.size(); ++j) {
      if (label[i] != 1 || label[j] != 0) continue;
      wins += score[i] > score[j] ? 1 : 0;
      ++pairs;
    }
  }
  return wins / pairs;
}

// The difference of the training cohort's class means, as a linear score, must order the external cohort's patients.
TEST(Synth, TheEffectCarriesOverToTheExternalCohort) {
  const TempFolder out;
  write_synthetic(out / "a", SynthSettings{});
  for (const auto& pair : kPaper) {
    const Cohort training = load(out / "a", pair.train), external = load(out / "a", pair.external);
    Problems problems;
    const LabelRule rule = find_classes({pair.label, {pair.positive}, {}, {"MSI-L"}}, training, "", problems);
    const auto fit = label_rows(training, rule, "ITH", true, problems),
               test = label_rows(external, rule, "ITH", false, problems);
    const auto width = static_cast<std::size_t>(training.width);
    const auto positives = std::count(fit.label.begin(), fit.label.end(), 1);
    std::vector<double> direction(width, 0);
    for (std::size_t i = 0; i < fit.label.size(); ++i) {
      const auto mean = mean_features(training.patients[static_cast<std::size_t>(fit.patient[i])], width);
      const double weight = fit.label[i] == 1
                                ? 1.0 / static_cast<double>(positives)
                                : -1.0 / static_cast<double>(fit.label.size() - static_cast<std::size_t>(positives));
      for (std::size_t d = 0; d < width; ++d) direction[d] += weight * mean[d];
    }
    std::vector<double> score;
    for (const int p : test.patient) {
      const auto mean = mean_features(external.patients[static_cast<std::size_t>(p)], width);
      score.push_back(0);
      for (std::size_t d = 0; d < width; ++d) score.back() += direction[d] * mean[d];
    }
    EXPECT_GT(auroc(test.label, score), 0.75) << pair.label;
  }
}

TEST(Synth, AFolderWithSomethingInItIsLeftAlone) {
  const TempFolder out;
  write_text(out / "mine", "x");
  EXPECT_THAT(problems_of([&] { write_synthetic(out.path(), small()); }), ElementsAre(HasSubstr("not empty")));
  EXPECT_THAT(problems_of([&] { write_synthetic(out / "mine", small()); }), ElementsAre(HasSubstr("not a folder")));
  EXPECT_EQ(std::distance(fs::directory_iterator(out.path()), {}), 1);
}

TEST(Synth, SettingsOutOfRangeAreNamedAtOnce) {
  const TempFolder out;
  EXPECT_THAT(problems_of([&] { write_synthetic(out / "a", {23, 0, 3, 1}); }),
              ElementsAre("synth: 23 patients, expected 24 to 100000", "synth: 0 tiles, expected 1 to 1000000",
                          "synth: 3 features, expected 4 to 65536"));
  EXPECT_FALSE(fs::exists(out / "a"));
}

// The shared cohorts of virtual patients: $MTLGRID_SHARED, or ../shared beside the checkout.
TEST(VirtualCohorts, AreReadWhole) {
  const char* given = std::getenv("MTLGRID_SHARED");
  const fs::path shared = given != nullptr ? fs::path(given) : fs::path(MTLGRID_SOURCE) / ".." / "shared";
  const fs::path root = shared / "data" / "virtual";
  if (!fs::exists(root)) GTEST_SKIP() << "no virtual cohorts at " << root << " (set MTLGRID_SHARED)";
  const Cohort training = load(root, "VTCGA"), external = load(root, "VCPTAC");
  EXPECT_THAT(training.patients, SizeIs(150));
  EXPECT_THAT(external.patients, SizeIs(80));
  EXPECT_EQ(training.width, 768);
  EXPECT_EQ(training.extractor, "virtual-texture-768");
  Problems problems;
  check_disjoint(training, external, problems);
  check_same_features(training, external, problems);
  const auto rows = label_rows(training, {"isMSIH", {"MSIH"}, {"nonMSIH"}, {}}, "LF", true, problems);
  EXPECT_THAT(problems.lines(), IsEmpty());
  EXPECT_EQ(rows.patient.size() + rows.drops.size(), 150u);
  EXPECT_THAT(cross_validation(rows.label, 5, 0.2, 1337), SizeIs(5));
}

}  // namespace
}  // namespace mtlgrid::testing
