#include "orchestrator/config/config.h"

#include <gmock/gmock.h>

#include <tuple>

#include "balancers/methods/registry.h"
#include "orchestrator/config/config_settings.h"
#include "tests/orchestrator/config/config_fixture.h"

namespace mtlgrid {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

TEST_F(Configuration, DefaultsAreThePapers) {
  const Config c = load(kMinimal);
  EXPECT_EQ(c.seed, 1337U);
  EXPECT_EQ(c.split_seed, 1337U);
  EXPECT_EQ(c.folds, 5);
  EXPECT_THAT(c.methods, SizeIs(17));
  EXPECT_EQ(c.methods.front(), "baseline");
  EXPECT_EQ(c.methods.back(), "autol+cagrad");
  EXPECT_EQ(nlohmann::json(c.protocol), nlohmann::json(Protocol::paper()));
  EXPECT_EQ(nlohmann::json(c.model), nlohmann::json(ModelSettings{}));
  EXPECT_EQ(nlohmann::json(c.train), nlohmann::json(TrainSettings{}));
}

TEST_F(Configuration, PathsAreRelativeToTheFile) {
  const Config c = load(kMinimal);
  EXPECT_EQ(c.store, scratch_.path() / "out/grid.db");
  EXPECT_EQ(c.cohorts[0].clini, scratch_.path() / "a/clini.csv");
  EXPECT_EQ(c.cohorts[1].features, "/data/b");
  EXPECT_THAT(problems(with("store = out/grid.db", "store = ~/results/grid.db")),
              ElementsAre("c.ini: path '~/results/grid.db': neither ~ nor variables are replaced; write the path out"));
  EXPECT_THAT(problems(with("store = out/grid.db", "store = $HOME/grid.db")), SizeIs(1));
}

TEST_F(Configuration, AnAuxiliaryMayHaveAnotherColumn) {
  const auto auxiliaries = load(kMinimal).biomarkers[0].auxiliaries;
  ASSERT_THAT(auxiliaries, SizeIs(2));
  EXPECT_EQ(auxiliaries[0].column, "ITH");
  EXPECT_EQ(auxiliaries[1].name, "LF");
  EXPECT_EQ(auxiliaries[1].column, "Leukocyte Fraction");
}

TEST_F(Configuration, AnyNameOfAColumnCanBeWrittenInQuotes) {
  const std::string line = "auxiliaries = ITH, LF: Leukocyte Fraction";
  const auto auxiliaries =
      load(with(line, "auxiliaries = CIN: \"CIN \", X: \"ICD-O-3, Site: #1\" , \"Y\": \"a \"\"b\"\"\", \"Z\""))
          .biomarkers[0]
          .auxiliaries;
  ASSERT_THAT(auxiliaries, SizeIs(4));
  EXPECT_EQ(auxiliaries[0].column, "CIN ");
  EXPECT_EQ(auxiliaries[1].column, "ICD-O-3, Site: #1");
  EXPECT_EQ(auxiliaries[2].name, "Y");
  EXPECT_EQ(auxiliaries[2].column, "a \"b\"");
  EXPECT_EQ(auxiliaries[3].name, "Z");
  EXPECT_EQ(load(with("label = isMSIH", "label = \" MSI ; x\"")).biomarkers[0].rule.column, " MSI ; x");
  EXPECT_EQ(load(with("clini = a/clini.csv", "clini = \"a #1/clini.csv\"")).cohorts[0].clini,
            scratch_.path() / "a #1/clini.csv");
  EXPECT_EQ(load(with(line, "auxiliaries = X: a:b")).biomarkers[0].auxiliaries[0].column, "a:b");
}

TEST_F(Configuration, WhatQuotesCannotSayIsNamedWithFileAndLine) {
  const std::string line = "auxiliaries = ITH, LF: Leukocyte Fraction", biomarker = "[biomarker.MSI] ";
  const std::string follows = ": text follows the closing quote; a quote within is written twice";
  const std::string apart = "; to name the column apart, write NAME: ";
  const std::tuple<std::string, std::string, std::string> cases[] = {
      {"label = isMSIH", "label = \"is\" MSIH", "14: " + biomarker + "label: \"is\" MSIH" + follows},
      {line, line + "\nignore = a, \"b\"c", "17: " + biomarker + "ignore: \"b\"c" + follows},
      {line, line + "\nignore = \"\"", "17: " + biomarker + "ignore: '\"\"' has an empty element"},
      {"positive = MSIH", "positive = MSIH, \"MSIH\"", "15: " + biomarker + "positive: 'MSIH' is listed twice"},
      {line, "auxiliaries = \"A: B\"",
       "16: " + biomarker + "auxiliaries: name 'A: B' contains one of / , = | :" + apart + "\"A: B\""},
      {line, "auxiliaries = \"CIN \"",
       "16: " + biomarker + "auxiliaries: name 'CIN ' begins or ends with a blank" + apart + "\"CIN \""}};
  for (const auto& [old_line, new_line, expected] : cases) {
    EXPECT_THAT(problems(with(old_line, new_line)), ElementsAre("c.ini, line " + expected));
  }
}

TEST_F(Configuration, SeveralValuesMakeAClass) {
  const LabelRule rule =
      load(with("positive = MSIH", "positive = MSIH, MSI-H\nnegative = MSS, \"MSI-L, old\"\nignore = \"?\""))
          .biomarkers[0]
          .rule;
  EXPECT_THAT(rule.positive, ElementsAre("MSIH", "MSI-H"));
  EXPECT_THAT(rule.negative, ElementsAre("MSS", "MSI-L, old"));
  EXPECT_THAT(rule.ignore, ElementsAre("?"));
}

TEST_F(Configuration, QuotedOneValueIsTheSameGridAsBefore) {
  EXPECT_EQ(identity_settings(load(with("positive = MSIH", "positive = \"MSIH\""))), identity_settings(load(kMinimal)));
  EXPECT_EQ(identity_settings(load(kMinimal))["biomarkers"]["MSI"]["positive"], "MSIH");
  const auto several = identity_settings(load(with("positive = MSIH", "positive = MSIH, MSI-H")));
  EXPECT_THAT(several["biomarkers"]["MSI"]["positive"], ElementsAre("MSIH", "MSI-H"));
}

TEST_F(Configuration, CohortsMayHaveTheirOwnColumnsAndMissingValues) {
  const Config c =
      load(with("slides = a/slide.csv",
                "slides = a/slide.csv\nslide_patient_column = \"case id \"\nmissing = '--, [Not Available], "
                "\"-, -\""));
  EXPECT_EQ(c.cohorts[0].slide_patient_column, "case id ");
  EXPECT_THAT(c.cohorts[0].missing, ElementsAre("'--", "[Not Available]", "-, -"));
  const auto cohorts = resolved_settings(c)["cohorts"];
  EXPECT_EQ(cohorts["A"]["slide_patient_column"], "case id ");
  EXPECT_THAT(cohorts["A"]["missing"], SizeIs(3));
  EXPECT_FALSE(cohorts["B"].contains("missing")) << "only where it is given";
  EXPECT_FALSE(cohorts["B"].contains("slide_patient_column"));
  EXPECT_EQ(identity_settings(c), identity_settings(load(kMinimal)));
}

TEST_F(Configuration, AClassThatIsReadAsMissingIsRefused) {
  for (const char* value : {"None", "NA", "null", "NA, None"}) {
    EXPECT_THAT(problems(plus(std::string("negative = ") + value)),
                ElementsAre(HasSubstr("is read as a missing value")));
  }
  EXPECT_THAT(problems(with("slides = a/slide.csv", "slides = a/slide.csv\nmissing = MSIH")),
              ElementsAre(HasSubstr("positive: 'MSIH' is also listed by missing in [cohort.A]")));
  EXPECT_THAT(problems(plus("negative = MSS, NA\nignore = None")), SizeIs(0)) << "as before";
}

TEST_F(Configuration, MethodsArePaperOrAllOrAList) {
  const auto methods = [&](const std::string& value) {
    return load(with("store = out/grid.db", "store = x\nmethods = " + value)).methods;
  };
  EXPECT_EQ(load(kMinimal).methods, paper_method_names());
  EXPECT_EQ(methods("paper"), paper_method_names());
  EXPECT_EQ(methods("all"), method_names());
  EXPECT_THAT(methods("naive"), ElementsAre("naive"));
}

TEST_F(Configuration, MethodsComeInThePapersOrder) {
  const Config c = load(with("store = out/grid.db", "store = x\nmethods = autol+cagrad, baseline, dwa"));
  EXPECT_THAT(c.methods, ElementsAre("baseline", "dwa", "autol+cagrad"));
}

TEST_F(Configuration, AnotherSeedKeepsTheFoldsUnlessTheirsIsGiven) {
  EXPECT_EQ(load(with("store = out/grid.db", "store = x\nseed = 7")).split_seed, 1337U);
  EXPECT_EQ(load(with("store = out/grid.db", "store = x\nseed = 4294967296")).split_seed, 1337U);
  const Config c = load(with("store = out/grid.db", "store = x\nseed = 18446744073709551615\nsplit_seed = 3"));
  EXPECT_EQ(c.seed, 18446744073709551615U);
  EXPECT_EQ(c.split_seed, 3U);
}

TEST_F(Configuration, EverySettingIsRead) {
  const Config c = load(
      plus("negative = nonMSIH\nignore = MSI-L, unknown\n[model]\nd_model=8\nheads=2\nff=9\n"
           "encoder_layers=1\ndecoder_layers=3\ndropout=0\n[train]\nepochs=2\npatience=1\nlr=1e-3\n"
           "weight_decay=0\nvalidation=0.25\ndevice=cuda\nprecision=tf32\nthreads=2\npack=1\n"
           "checkpoint_minutes=0.5\nkeep_weights=none\nbag_cache=keep\nbag_cache_folder=/"
           "scratch\nstaging=nccl\ncuda_graphs=no\n[bootstrap]\nresamples=10\nconfidence=0.9\n"
           "[cluster]\nheartbeat_seconds=1\nlease_minutes=0.1\nretries_crash=0\nretries_lost=9\ntrainers_per_gpu=3\n"));
  EXPECT_THAT(c.biomarkers[0].rule.ignore, ElementsAre("MSI-L", "unknown"));
  EXPECT_THAT(c.biomarkers[0].rule.negative, ElementsAre("nonMSIH"));
  const ModelSettings model{8, 2, 9, 1, 3, 0};
  const TrainSettings train{2, 1, 1e-3, 0, 0.25, "tf32"};
  const RunSettings run{"cuda", 2, 0.5, "none", 1, 3, false, "keep", "/scratch", "nccl"};
  EXPECT_EQ(nlohmann::json(c.model), nlohmann::json(model));
  EXPECT_EQ(nlohmann::json(c.train), nlohmann::json(train));
  EXPECT_EQ(nlohmann::json(c.run), nlohmann::json(run));
  EXPECT_EQ(c.bootstrap.resamples, 10);
  EXPECT_EQ(c.bootstrap.confidence, 0.9);
  EXPECT_EQ(c.cluster.heartbeat_seconds, 1);
  EXPECT_EQ(c.cluster.lease_minutes, 0.1);
  EXPECT_EQ(c.cluster.retries_crash, 0);
  EXPECT_EQ(c.cluster.retries_lost, 9);
}

TEST_F(Configuration, OneDepartureMakesTheProtocolCustom) {
  const Config c = load(plus("[protocol]\nuncert_learned = no\n"));
  EXPECT_EQ(c.protocol.name, "custom");
  EXPECT_FALSE(c.protocol.uncert_learned);
  EXPECT_TRUE(c.protocol.autol_exact);
}

TEST_F(Configuration, AllDeparturesAreTheReleasedCode) {
  const Config c =
      load(plus("[protocol]\nuncert_learned=no\ncosine_per_batch=yes\ndwa_shifted_history=yes\n"
                "autol_primary_all=no\nautol_exact=no\nautol_weight_decay=0.01\nautol_reuse_masks=no\n"
                "epsilons=yes\nextra_patience=1\n"));
  EXPECT_EQ(nlohmann::json(c.protocol), nlohmann::json(Protocol::released_code()));
  const Config named = load(with("store = out/grid.db", "store = x\nprotocol = released-code"));
  EXPECT_EQ(nlohmann::json(named.protocol), nlohmann::json(Protocol::released_code()));
}

TEST_F(Configuration, IdentityLeavesOutWhatDecidesNoResult) {
  const auto identity = identity_settings(load(kMinimal));
  const std::string same[] = {plus("[bootstrap]\nresamples=10\n"), plus("[cluster]\nretries_lost=1\n"),
                              plus("[train]\nthreads=2\ndevice=cpu\nkeep_weights=none\nbag_cache=off\nstaging=files\n"),
                              with("store = out/grid.db", "store = y\nmethods = naive"),
                              with("clini = a/clini.csv", "clini = moved/clini.csv")};
  for (const std::string& text : same) EXPECT_EQ(identity_settings(load(text)), identity) << text;
  const std::string other[] = {plus("[model]\nff=10\n"), plus("[train]\nepochs=3\n"), plus("negative = nonMSIH\n"),
                               plus("[protocol]\nepsilons=yes\n"), with("external = B", "")};
  for (const std::string& text : other) EXPECT_NE(identity_settings(load(text)), identity) << text;
}

TEST_F(Configuration, ResolvedSettingsHoldDefaultsAndPaths) {
  const auto settings = resolved_settings(load(kMinimal));
  EXPECT_EQ(settings["train"]["epochs"], 32);
  EXPECT_EQ(settings["cohorts"]["A"]["patient_column"], "PATIENT");
  EXPECT_EQ(settings["cohorts"]["A"]["clini"], (scratch_.path() / "a/clini.csv").string());
  EXPECT_EQ(settings["methods"].size(), 17U);
}

TEST_F(Configuration, CohortsNobodyUsesAreKnown) {
  const Config c = load(plus("[cohort.C]\nclini=c\nslides=c\nfeatures=c\n"));
  EXPECT_THAT(c.used_cohorts(), ElementsAre("A", "B"));
}

TEST_F(Configuration, AllProblemsComeAtOnce) {
  EXPECT_THAT(problems("[grid]\nfold = 5\nseed = x\n[cohort.A]\nclini = a\n[models]\n[biomarker.MSI]\ntrain = AA\n"
                       "label = l\npositive = p\nauxiliaries = ITH\n"),
              ElementsAre("c.ini, line 6: unknown section [models]; did you mean 'model'?",
                          "c.ini, line 1: [grid] store: is missing",
                          "c.ini, line 3: [grid] seed: 'x' is not a whole number from 0 to 18446744073709551615",
                          "c.ini, line 2: [grid]: unknown key 'fold'; did you mean 'folds'?",
                          "c.ini, line 4: [cohort.A] features: is missing",
                          "c.ini, line 8: [biomarker.MSI] train: there is no section [cohort.AA]; did you mean 'A'?"));
}

TEST_F(Configuration, AnUnreadableFileIsOneLine) {
  EXPECT_THROW(load_config(scratch_.path() / "absent.ini"), InputError);
  EXPECT_THAT(problems(""), Contains(HasSubstr("no section")));
}

// home/proj -> ../scratch/deep/proj: the store is where the system finds ../out/grid.db, from wherever it is called.
TEST_F(Configuration, DotsBehindALinkMeanWhatTheyMeanToTheSystem) {
  const auto file = scratch_.write("scratch/deep/proj/c.ini", with("store = out/grid.db", "store = ../out/grid.db"));
  std::filesystem::create_directory(scratch_.path() / "home");
  std::filesystem::create_symlink("../scratch/deep/proj", scratch_.path() / "home/proj");
  const Config inside = load_config(file), outside = load_config(scratch_.path() / "home/proj/c.ini");
  EXPECT_EQ(inside.store, scratch_.path() / "scratch/deep/out/grid.db");
  EXPECT_EQ(outside.store, inside.store);
  EXPECT_EQ(outside.cohorts[0].clini, scratch_.path() / "home/proj/a/clini.csv") << "a link without .. keeps its name";
}

// One kind of mistake each: a configuration and the line it gives.
struct Mistake {
  const char* name;
  std::string old_line, new_line;  // old_line empty: new_line is appended
  std::string expected;
};
void PrintTo(const Mistake& mistake, std::ostream* out) { *out << mistake.name; }

class Mistakes : public Configuration, public ::testing::WithParamInterface<Mistake> {};

TEST_P(Mistakes, AreNamedWithFileAndLine) {
  const Mistake& m = GetParam();
  const std::string text = m.old_line.empty() ? plus(m.new_line) : with(m.old_line, m.new_line);
  EXPECT_THAT(problems(text), ElementsAre(m.expected));
}

const std::string kStore = "store = out/grid.db";
INSTANTIATE_TEST_SUITE_P(
    Configuration, Mistakes,
    ::testing::Values(
        Mistake{"FoldsNoNumber", kStore, kStore + "\nfolds = five",
                "c.ini, line 3: [grid] folds: 'five' is neither a whole number from 2 to 1000 nor one-per-group"},
        Mistake{"FoldsTooFew", kStore, kStore + "\nfolds = 1",
                "c.ini, line 3: [grid] folds: '1' is neither a whole number from 2 to 1000 nor one-per-group"},
        Mistake{"FoldsFraction", kStore, kStore + "\nfolds = 5.0",
                "c.ini, line 3: [grid] folds: '5.0' is neither a whole number from 2 to 1000 nor one-per-group"},
        Mistake{"RepeatsNone", kStore, kStore + "\nrepeats = 0",
                "c.ini, line 3: [grid] repeats: '0' is not a whole number from 1 to 1000"},
        Mistake{"SeedNegative", kStore, kStore + "\nseed = -1",
                "c.ini, line 3: [grid] seed: '-1' is not a whole number from 0 to 18446744073709551615"},
        Mistake{"SeedTooLargeForSplits", kStore, kStore + "\nsplit_seed = 4294967296",
                "c.ini, line 3: [grid] split_seed: '4294967296' is not a whole number from 0 to 4294967295"},
        Mistake{"StoreIsFolder", kStore, "store = /", "c.ini, line 2: [grid] store: / is a folder, expected a file"},
        Mistake{"StoreEmpty", kStore, "store = ; none", "c.ini, line 2: [grid] store: has no value"},
        Mistake{"UnknownMethod", kStore, kStore + "\nmethods = naive, cagrat",
                "c.ini, line 3: [grid] methods: unknown method 'cagrat'; did you mean 'cagrad'?"},
        Mistake{"MethodTwice", kStore, kStore + "\nmethods = naive, naive",
                "c.ini, line 3: [grid] methods: 'naive' is listed twice"},
        Mistake{"EmptyElement", kStore, kStore + "\nmethods = naive,, dwa",
                "c.ini, line 3: [grid] methods: 'naive,, dwa' has an empty element"},
        Mistake{"UnknownProtocol", kStore, kStore + "\nprotocol = code",
                "c.ini, line 3: [grid] protocol: 'code' is not one of paper, released-code"},
        Mistake{"DepartureNoBoolean", "", "[protocol]\nepsilons = maybe\n",
                "c.ini, line 18: [protocol] epsilons: 'maybe' is neither yes nor no"},
        Mistake{"HeadsDoNotDivide", "", "[model]\nheads = 5\n",
                "c.ini, line 18: [model] heads: 5 does not divide d_model = 384"},
        Mistake{"DropoutOne", "", "[model]\ndropout = 1\n", "c.ini, line 18: [model] dropout: 1 is not in [0, 1)"},
        Mistake{"NoLayers", "", "[model]\nencoder_layers = 0\n",
                "c.ini, line 18: [model] encoder_layers: '0' is not a whole number from 1 to 1000"},
        Mistake{"LearningRateZero", "", "[train]\nlr = 0\n", "c.ini, line 18: [train] lr: 0 is not above 0"},
        Mistake{"LearningRateText", "", "[train]\nlr = 1e-4x\n", "c.ini, line 18: [train] lr: '1e-4x' is not a number"},
        Mistake{"LearningRateInfinite", "", "[train]\nlr = inf\n", "c.ini, line 18: [train] lr: 'inf' is not a number"},
        Mistake{"ValidationAll", "", "[train]\nvalidation = 1\n",
                "c.ini, line 18: [train] validation: 1 is not in (0, 1)"},
        Mistake{"PrecisionOfGpusOnCpus", "", "[train]\nprecision = bf16\n",
                "c.ini, line 18: [train] precision: 'bf16' works on GPUs only; set device = cuda as well"},
        Mistake{"PrecisionUnknown", "", "[train]\nprecision = fp16\n",
                "c.ini, line 18: [train] precision: 'fp16' is not one of fp32, fp64, tf32, bf16"},
        Mistake{"PackOfMoreThanTheMethods", "", "[train]\npack = 18\n",
                "c.ini, line 18: [train] pack: '18' is neither auto nor a whole number from 1 to 17"},
        Mistake{"PackOfNoNumber", "", "[train]\npack = all\n",
                "c.ini, line 18: [train] pack: 'all' is neither auto nor a whole number from 1 to 17"},
        Mistake{"UnknownDevice", "", "[train]\ndevice = gpu\n",
                "c.ini, line 18: [train] device: 'gpu' is not one of auto, cpu, cuda"},
        Mistake{"UnknownStaging", "", "[train]\nstaging = mpi\n",
                "c.ini, line 18: [train] staging: 'mpi' is not one of auto, nccl, files"},
        Mistake{"NoTrainerOnAGpu", "", "[cluster]\ntrainers_per_gpu = 0\n",
                "c.ini, line 18: [cluster] trainers_per_gpu: '0' is not a whole number from 1 to 64"},
        Mistake{"AuxiliaryNamedAsTheTablesMean", "auxiliaries = ITH, LF: Leukocyte Fraction", "auxiliaries = mean: ITH",
                "c.ini, line 16: [biomarker.MSI] auxiliaries: 'mean' names the mean over auxiliaries in the "
                "tables; choose another name"},
        Mistake{"ConfidencePercent", "", "[bootstrap]\nconfidence = 95\n",
                "c.ini, line 18: [bootstrap] confidence: 95 is not in (0, 1)"},
        Mistake{"LeaseShorterThanHeartbeats", "", "[cluster]\nheartbeat_seconds = 61\n",
                "c.ini, line 17: [cluster] lease_minutes: 2 minutes are shorter than two heartbeats of 61 seconds"},
        Mistake{"UnknownKey", "", "[train]\nepoch = 3\n",
                "c.ini, line 18: [train]: unknown key 'epoch'; did you mean 'epochs'?"},
        Mistake{"UnknownSection", "", "[cohorts.C]\nclini = x\n",
                "c.ini, line 17: unknown section [cohorts.C]; did you mean 'cohort.C'?"},
        Mistake{"MissingKey", "label = isMSIH", "", "c.ini, line 11: [biomarker.MSI] label: is missing"},
        Mistake{"UnknownCohort", "external = B", "external = C",
                "c.ini, line 13: [biomarker.MSI] external: there is no section [cohort.C]; known: A, B"},
        Mistake{"ExternalIsTraining", "external = B", "external = A",
                "c.ini, line 13: [biomarker.MSI] external: 'A' is also the training cohort"},
        Mistake{"NegativeIsPositive", "", "negative = MSIH\n",
                "c.ini, line 17: [biomarker.MSI] negative: 'MSIH' is also a positive value"},
        Mistake{"IgnoredIsPositive", "", "ignore = MSIH\n",
                "c.ini, line 17: [biomarker.MSI] ignore: 'MSIH' is also a positive value"},
        Mistake{"AuxiliaryTwice", "auxiliaries = ITH, LF: Leukocyte Fraction", "auxiliaries = ITH, ITH: other",
                "c.ini, line 16: [biomarker.MSI] auxiliaries: 'ITH' is listed twice"},
        Mistake{"AuxiliaryWithoutColumn", "auxiliaries = ITH, LF: Leukocyte Fraction",
                "auxiliaries = ITH:", "c.ini, line 16: [biomarker.MSI] auxiliaries: 'ITH:' names no column"},
        Mistake{"AuxiliaryWithoutName", "auxiliaries = ITH, LF: Leukocyte Fraction", "auxiliaries = : ITH",
                "c.ini, line 16: [biomarker.MSI] auxiliaries: '' is not a valid name"},
        Mistake{"AuxiliaryIsLabel", "auxiliaries = ITH, LF: Leukocyte Fraction", "auxiliaries = isMSIH",
                "c.ini, line 16: [biomarker.MSI] auxiliaries: column 'isMSIH' already holds the class label"},
        Mistake{"NoAuxiliaries", "auxiliaries = ITH, LF: Leukocyte Fraction", "",
                "c.ini, line 11: [biomarker.MSI] auxiliaries: is missing"},
        Mistake{"ForbiddenCharacter", "[biomarker.MSI]", "[biomarker.MSI/x]",
                "c.ini, line 11: [biomarker.MSI/x]: name 'MSI/x' contains one of / , = | :"},
        Mistake{"NameIsFolderAbove", "[biomarker.MSI]", "[biomarker...]",
                "c.ini, line 11: [biomarker...]: '..' is not a valid name"},
        Mistake{"CohortCalledTest", "", "[cohort.test]\nclini=x\nslides=x\nfeatures=x\n",
                "c.ini, line 17: [cohort.test]: 'test' names the held-out fold; give the cohort another name"}),
    [](const auto& mistake) { return mistake.param.name; });

}  // namespace
}  // namespace mtlgrid
