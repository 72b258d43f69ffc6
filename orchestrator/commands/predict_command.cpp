#include "orchestrator/commands/predict_command.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "balancers/methods/registry.h"
#include "base/errors.h"
#include "base/output_file.h"
#include "base/quoting.h"
#include "base/telling.h"
#include "base/text.h"
#include "datasets/cohorts/cohort_level.h"
#include "datasets/cohorts/same_kind.h"
#include "datasets/features/extractor_name.h"
#include "datasets/tables/table_file.h"
#include "orchestrator/commands/chosen_grid.h"
#include "orchestrator/commands/command_options.h"
#include "orchestrator/commands/data_notes.h"
#include "orchestrator/commands/plan_report.h"
#include "orchestrator/commands/predict_slides.h"
#include "orchestrator/commands/trained_cell.h"
#include "orchestrator/commands/trained_patients.h"
#include "orchestrator/plan/new_cohort.h"
#include "orchestrator/plan/recorded_features.h"
#include "orchestrator/session/ask_trainer.h"
#include "orchestrator/session/feature_process.h"
#include "results/grids/stored_classes.h"
#include "results/metrics/bootstrap.h"
#include "results/status/query_render.h"
#include "results/store/reading.h"
#include "results/store/store_place.h"
#include "trainer/contract/parameters.h"
#include "trainer/contract/requests.h"
#include "trainer/contract/streams.h"
#include "trainer/formats/state_dict.h"
#include "trainer/formats/weights.h"

namespace mtlgrid {
namespace {

namespace fs = std::filesystem;

constexpr const char* kTrainedCell = "the trained cell";  // where classes come from, in messages
constexpr const char* kCohort = "new";                    // the name of the cohort in messages

struct PredictOptions {
  fs::path store, state_dict, out;  // state_dict and out may be empty
  CohortFiles cohort;
  bool every_drop = false;
  NewSlides slides{};  // `slides` is empty where features are given
};

// A trained network and the settings of its grid.
struct Network {
  TrainedCell trained;
  Weights weights;
  LabelRule rule;
  std::string extractor;      // of the training cohort's features
  RecordedFeatures features;  // of that cohort
  BootstrapSettings bootstrap;
  std::uint64_t seed = 0;
  bool joint = true;
};

std::string trained_extractor(const nlohmann::json& settings, const std::string& cohort) {
  const nlohmann::json& files = settings.at("cohorts").at(cohort);
  if (files.contains("extractor")) return files["extractor"];
  throw InputError(
      "an older version wrote this store and did not record the extractor of the training features; train the cell "
      "again with this version (mtlgrid run CONFIG)");
}

// Of a grid of `store`. Throws InputError if its settings are not what a run writes.
Network network_of(const std::filesystem::path& store, TrainedCell trained) {
  Network n;
  n.weights = read_weights_of(trained);
  read_settings(store, trained, [&](const nlohmann::json& settings) {
    n.rule = stored_rule(settings, trained.cell.biomarker);
    if (!n.rule.negative.empty()) n.rule.negative_from = kTrainedCell;
    const std::string train = settings.at("biomarkers").at(trained.cell.biomarker).at("train");
    n.extractor = trained_extractor(settings, train);
    n.features = recorded_features(settings.at("cohorts").at(train));
    n.bootstrap = settings.at("bootstrap");
    n.seed = settings.at("seed");
  });
  n.joint = is_joint(trained.cell.method);
  n.trained = std::move(trained);
  return n;
}

// The training's files did not name their extractor to the version that trained, which did not read `encoder`; or those
// of one side are PyTorch's, which cannot name it.
bool not_recorded(const Cohort& cohort, const Network& network) {
  return (network.extractor.empty() && cohort.by_encoder) ||
         (cohort.extractor.empty() && cohort.by_pytorch && !network.extractor.empty());
}

void check_features(const Cohort& cohort, const Network& network, Problems& problems) {
  const std::string folder = cohort.files.features.string(), cell = network.trained.cell.name();
  if (cohort.width != network.weights.width) {
    problems.add(fmt::format("{}: {} features per tile, expected {} as in the training data of {}", folder,
                             cohort.width, network.weights.width, cell));
  }
  const FeatureKind trained_on{cell, cohort.files.features, network.features.level, network.features.geometries};
  const FeatureKind now{cohort.files.name, cohort.files.features, cohort.level, cohort.geometries};
  if (const auto difference = kind_difference(trained_on, now)) {
    problems.add(fmt::format("{}: {}, expected {} as in the training data of {}", folder, level_text(cohort.level),
                             level_text(network.features.level), cell));
  }
  const std::string cut = geometry_conflict(network.features.geometries, cohort.geometries);
  if (!cut.empty()) {
    problems.add(fmt::format("{}: {} (the latter in the training data of {}); {}", folder, cut, cell, kCutAlike));
  }
  const std::string trained = canonical_extractor(network.extractor);  // older versions recorded names as they are
  if (cohort.extractor == trained || not_recorded(cohort, network)) return;
  if (cohort.extractor.empty()) {
    problems.add(
        fmt::format("{}: no file says which extractor wrote it, expected '{}' as in the training data of {}; {}",
                    folder, trained, cell, advice_on_unnamed_extractor(trained)));
  } else {
    const std::string expected = trained.empty() ? "files that name none" : fmt::format("'{}'", network.extractor);
    problems.add(fmt::format("{}: features of extractor '{}', expected {} as in the training data of {}", folder,
                             cohort.extractor, expected, cell));
  }
}

// Checks everything before anything is predicted. Throws InputError with all problems.
NewCohort load_checked(const PredictOptions& options, const Network& network) {
  const Weights& w = network.weights;
  Problems problems;
  if (!options.out.empty()) {
    problems.collect([&] {
      OutputFile("--out", options.out);
      refuse_place_of_store("--out", options.out, options.store);
      refuse_input("--out", options.out,
                   {table_file(options.cohort.slides).file, table_file(options.cohort.clini).file});
    });
  }
  if (!options.state_dict.empty()) {
    problems.collect([&] {
      read_state_dict(options.state_dict, make_layout(w.model, w.width, w.label_column, w.auxiliary_column));
    });
  }
  Problems own;
  NewCohort cohort = load_new_cohort(options.cohort, network.rule, w.auxiliary_column, *feature_process(), own);
  if (own.empty()) check_features(cohort.patients, network, own);
  if (!own.empty()) {  // what the join warns of may be the cause
    for (const std::string& line : cohort.patients.warnings) problems.add("warning: " + line);
  }
  for (const std::string& line : own.lines()) problems.add(line);
  problems.throw_if_any();
  return cohort;
}

PredictAnswer predictions(const PredictOptions& options, const Network& network, const NewCohort& cohort) {
  PredictRequest request{weights_of(network.trained),
                         options.state_dict.string(),
                         network.joint,
                         network.trained.threads,
                         {kCohort, cohort.patients.width, {}}};
  for (const Patient& patient : cohort.patients.patients) {
    PatientFiles& files = request.cohort.patients.emplace_back(PatientFiles{patient.name, {}});
    files.files = known_features(patient);
  }
  return ask_trainer(request, network.trained.threads);
}

std::optional<std::string> number(double value) {
  return std::isnan(value) ? std::nullopt : std::optional(fmt::format("{}", value));
}

std::string csv(const PredictAnswer& answer, const NewCohort& cohort) {
  QueryResult table{{"patient", "label", "score", "log_odds", "target", "prediction"}, {}};
  for (std::size_t i = 0; i < answer.predictions.size(); ++i) {
    const Prediction& p = answer.predictions[i];
    const auto label = cohort.label[i] ? std::optional(std::to_string(*cohort.label[i])) : std::nullopt;
    table.rows.push_back(
        {p.patient, label, number(p.score), number(p.log_odds), number(cohort.target[i]), number(p.prediction)});
  }
  return render(table, QueryFormat::csv);
}

// The cell's metrics over the patients with a label; empty if no patient has one.
std::string metrics(const PredictAnswer& answer, const NewCohort& cohort, const Network& network) {
  std::vector<Prediction> labelled;
  std::vector<std::vector<float>> embeddings;
  for (std::size_t i = 0; i < answer.predictions.size(); ++i) {
    if (!cohort.label[i]) continue;
    labelled.push_back(answer.predictions[i]);
    labelled.back().label = *cohort.label[i];
    labelled.back().target = cohort.target[i];
    embeddings.push_back(answer.embeddings[i].values);
  }
  if (labelled.empty()) return "";
  const RandomStream stream(network.seed, GroupStreams::name(network.trained.cell, "predict"));
  QueryResult table{{"metric", "value", "ci_low", "ci_high", "n", "note"}, {}};
  for (const MetricRow& row : cell_metrics(kCohort, labelled, embeddings, network.bootstrap, stream)) {
    const auto rounded = [](double v) {
      return std::isnan(v) ? std::nullopt : std::optional(fmt::format("{:.4f}", v));
    };
    table.rows.push_back(
        {row.metric, rounded(row.value), rounded(row.ci_low), rounded(row.ci_high), std::to_string(row.n), row.reason});
  }
  return fmt::format("Metrics of the {} patients with a label, {:g} % bootstrap CIs\n{}", labelled.size(),
                     100 * network.bootstrap.confidence, render(table, QueryFormat::table));
}

// Which values of the clinical table became which label; "" without labels.
std::string classes(const NewCohort& cohort) {
  if (cohort.values.empty()) return "";
  const LabelRule& rule = cohort.rule;
  const auto listed_as = [&](LabelMeaning meaning) {
    std::vector<std::string> parts;
    for (const LabelValue& v : cohort.values) {
      if (v.meaning != meaning) continue;
      parts.push_back(
          fmt::format("{} ({})", printable(v.seen.value), counted(static_cast<std::int64_t>(v.seen.count), "patient")));
    }
    return parts.empty() ? std::string("no patient") : fmt::format("{}", fmt::join(parts, ", "));
  };
  std::string text = fmt::format("Labels from column {}: 1 is {}; 0 is {}\n", rule.column,
                                 listed_as(LabelMeaning::positive), listed_as(LabelMeaning::negative));
  if (!rule.negative.empty() && rule.negative_from != kTrainedCell) {
    text += fmt::format(
        "An earlier version trained this cell and did not record its negative value: {} was taken for it, "
        "from {}\n",
        config_list(rule.negative), rule.negative_from);
  }
  return text;
}

// What the program guessed about the cohort, and what may be a mistake in it.
std::string notes(const PredictOptions& options, const Network& network, const NewCohort& cohort) {
  std::string text;
  for (const std::string& line : cohort.patients.warnings) text += fmt::format("Warning: {}\n", line);
  if (const std::string note = unknown_grid_note(network.trained, network.weights); !note.empty()) {
    text += fmt::format("Note: {}\n", note);
  }
  if (not_recorded(cohort.patients, network)) {
    text += cohort.patients.extractor.empty()
                ? fmt::format(
                      "Warning: the features do not say of which extractor they are, those of the training are "
                      "of '{}'\n",
                      network.extractor)
                : fmt::format("Warning: the features are of extractor '{}'; that of the training's was not recorded\n",
                              cohort.patients.extractor);
  }
  for (const std::string& line : cohort.patients.inferences) text += fmt::format("Inferred: {}\n", line);
  if (options.cohort.clini.empty() || !network.joint) return text;
  const Cell& cell = network.trained.cell;
  const std::string pair = cell.biomarker + "/" + cell.auxiliary;
  const std::string train = network.trained.settings.at("biomarkers").at(cell.biomarker).at("train");
  const AuxiliaryValues given = auxiliary_values(pair, "this cohort", cohort.target);
  const AuxiliaryValues trained =
      auxiliary_values(pair, "training cohort " + train, trained_targets(options.store, network.trained));
  for (const std::string& line :
       {empty_note(given), code_note(given, cohort.labelled, network.weights.auxiliary_column),
        unit_note(trained, given)}) {
    if (!line.empty()) text += fmt::format("Note: {}\n", line);
  }
  return text;
}

std::string report(const PredictOptions& options, const Network& network, const NewCohort& cohort,
                   const PredictAnswer& answer) {
  std::string text =
      fmt::format("{}: {} patients; score is P({} = {}), prediction is of {}\n", network.trained.cell.name(),
                  answer.predictions.size(), network.rule.column, fmt::join(network.rule.positive, " or "),
                  network.joint ? network.weights.auxiliary_column : "nothing (baseline has no regression)");
  text += notes(options, network, cohort) + classes(cohort);
  if (!cohort.drops.empty()) {
    std::vector<GridRecord::DropRow> rows;
    for (const Drop& drop : cohort.drops) rows.push_back({"", "", drop});
    text += fmt::format("Not predicted, or predicted without a label{}\n{}",
                        options.every_drop ? "" : " (--drops lists them)", drops_table(rows, options.every_drop));
  }
  if (options.state_dict.empty()) text += trained_on(options.store, network.trained, cohort.patients);
  return text + metrics(answer, cohort, network);
}

void declare_predict(CommandOptions& options) {
  const CohortFiles defaults;
  options.store()
      .argument("CELL", "BIOMARKER/AUXILIARY/METHOD/FOLD; the attempt that counts is used")
      .option("slides", "FILE",
              "slide table of the cohort (csv, xlsx): feature files of each patient; all its patients are predicted. "
              "Without it "
              "the file of a patient of --clini is PATIENT.h5 or .pt")
      .option("features", "DIR", "folder of the cohort's feature files (.h5, .pt)")
      .option("slides-folder", "DIR",
              "whole-slide images of the cohort: their features are computed first, into --features, as those of the "
              "store's slides were")
      .option("default-mpp", "MICRONS", "microns per pixel of slides that do not say it")
      .option("clini", "FILE", "clinical table (csv, xlsx) with the biomarker's column; adds labels and metrics")
      .option("weights", "FILE", "a PyTorch state dict (.pt) to predict with instead of the cell's own weights")
      .option("out", "FILE",
              "table to write (csv): a plain file is replaced, a pipe or device written into; default: stdout")
      .option("patient-column", "NAME", "patient column of both tables", defaults.patient_column)
      .option("slide-patient-column", "NAME", "patient column of the slide table, if it has another name there")
      .option("filename-column", "NAME", "file column of the slide table", defaults.filename_column)
      .option("missing", "LIST", "further spellings of missing values, e.g. --missing \"'--, [Not Available]\"")
      .flag("drops", "list every dropped patient and slide instead of counting them");
}

// The elements of --missing, a list as in a configuration.
std::vector<std::string> missing_spellings(const CommandOptions& options) {
  std::vector<std::string> spellings;
  if (!options.has("missing")) return spellings;
  const auto given = options.get<std::string>("missing");
  for (const std::string& element : split_outside_quotes(given, ',')) {
    const auto spelling = unquoted(element);
    if (!spelling || spelling->empty()) {
      throw InputError(
          fmt::format("predict: --missing {}: expected values separated by commas, each in \"...\" as a "
                      "whole or not at all",
                      given));
    }
    spellings.push_back(*spelling);
  }
  return spellings;
}

PredictOptions values(const CommandOptions& options) {
  Problems missing;
  missing.collect([&] { Cell::parse(options.get<std::string>("CELL")); });
  for (const char* needed : {"slides", "features"}) {
    const bool patients = std::string_view(needed) == "slides" && options.has("clini");
    if (!options.has(needed) && !patients) {
      missing.add(fmt::format("predict: --{} is missing; see mtlgrid predict --help", needed));
    }
  }
  missing.throw_if_any();
  PredictOptions out;
  out.store = options.get<std::string>("STORE");
  out.state_dict = options.path("weights");
  out.out = options.path("out");
  out.cohort = {kCohort,
                options.path("clini"),
                options.path("slides"),
                options.path("features"),
                options.get<std::string>("patient-column"),
                options.get<std::string>("filename-column"),
                options.has("slide-patient-column") ? options.get<std::string>("slide-patient-column") : "",
                missing_spellings(options),
                true};
  out.every_drop = options.has("drops");
  out.slides = {options.path("slides-folder"), out.cohort.features, 0};
  if (options.has("default-mpp")) {
    const auto mpp = parse_number(options.get<std::string>("default-mpp"));
    if (!mpp || *mpp <= 0) throw InputError("predict: --default-mpp: expected a number of microns above 0");
    out.slides.default_mpp = *mpp;
  }
  return out;
}

int execute_predict(const CommandOptions& options) {
  const PredictOptions wanted = values(options);
  const Cell cell = Cell::parse(options.get<std::string>("CELL"));
  const Network network =
      network_of(wanted.store, find_trained_cell(wanted.store, cell, chosen_grid(options, wanted.store)));
  if (!wanted.slides.slides.empty()) {
    extract_new_slides(open_for_reading(wanted.store), wanted.slides, network.trained.threads);
  }
  const NewCohort cohort = load_checked(wanted, network);
  const PredictAnswer answer = predictions(wanted, network, cohort);
  const std::string table = csv(answer, cohort), said = report(wanted, network, cohort, answer);
  if (wanted.out.empty()) {
    put_result(table);
  } else {
    OutputFile("--out", wanted.out).write(FileCalls::real(), table);
  }
  tell(printable_lines(said));
  return 0;
}

}  // namespace

Command predict_command() {
  return {
      "predict", "applies a trained cell to a new cohort: every patient's score, and metrics if labels are given",
      "mtlgrid predict results/grid.db MSI/LF/autol+cagrad/3 --slides new/slide.csv --features new/feats --out new.csv",
      declare_predict, execute_predict};
}

}  // namespace mtlgrid
