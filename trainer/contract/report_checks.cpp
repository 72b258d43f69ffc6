#include "trainer/contract/report_checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <utility>

#include "base/errors.h"
#include "base/text.h"
#include "results/metrics/registry.h"

namespace mtlgrid {
namespace {

constexpr std::int64_t kMost = 1'000'000;  // trainers, threads, epochs, attempts: more is damage
constexpr std::size_t kShown = 100;        // bytes of a name in an error

[[noreturn]] void wrong(const std::string& what) { throw Error(ErrorKind::fatal, what); }

std::string shown(const std::string& name) { return printable(name.substr(0, kShown)); }

void check_finite(const char* what, double value, bool may_be_missing = false) {
  if (!std::isfinite(value) && !(may_be_missing && std::isnan(value))) {
    wrong(fmt::format("{} is {}", what, value));
  }
}

void check_cell(const Cell& cell, int attempt) {
  for (const std::string* name : {&cell.biomarker, &cell.auxiliary, &cell.method}) check_text("a cell's name", *name);
  check_range("fold", cell.fold, 0, kMost);
  check_range("repeat", cell.repeat, 0, kMost);
  check_range("attempt", attempt, 1, kMost);
}

// Cohort, patient and label of every prediction that a result of the pair's fold has, in order.
template <typename Visit>
std::size_t visit_expected(const Experiment& experiment, const Pair& pair, int fold, Visit visit) {
  std::size_t count = 0;
  const auto one = [&](const std::string& cohort, const PairCohort& of, std::size_t position) {
    const ExperimentCohort& patients = experiment.cohorts.at(static_cast<std::size_t>(of.cohort));
    const auto patient = static_cast<std::size_t>(of.patient.at(position));
    visit(count++, cohort, patients.patients.at(patient).name, of.label.at(position));
  };
  for (const int position : pair.folds.at(static_cast<std::size_t>(fold)).test) {
    one(kTestCohort, pair.training, static_cast<std::size_t>(position));
  }
  for (const PairCohort& external : pair.external) {
    const std::string& name = experiment.cohorts.at(static_cast<std::size_t>(external.cohort)).name;
    for (std::size_t i = 0; i < external.patient.size(); ++i) one(name, external, i);
  }
  return count;
}

void check_prediction(const Prediction& p) {
  if (!(p.score >= 0 && p.score <= 1)) wrong(fmt::format("the score of '{}' is {}", shown(p.patient), p.score));
  check_finite("log odds of a prediction", p.log_odds);
  check_finite("the target of a prediction", p.target, true);
  check_finite("a prediction", p.prediction, true);
}

void check_patients(const CellResult& result, const Experiment& experiment, const Pair& pair) {
  const auto same = [](const auto& row, const std::string& cohort, const std::string& patient) {
    if (row.cohort == cohort && row.patient == patient) return;
    wrong(fmt::format("it has '{}' of '{}' where '{}' of '{}' is expected", shown(row.patient), shown(row.cohort),
                      shown(patient), shown(cohort)));
  };
  const auto width = static_cast<std::size_t>(experiment.model.d_model);
  const auto check = [&](std::size_t i, const std::string& cohort, const std::string& patient, int label) {
    if (i >= result.predictions.size() || i >= result.embeddings.size()) return;
    same(result.predictions[i], cohort, patient);
    same(result.embeddings[i], cohort, patient);
    if (result.predictions[i].label != label) wrong(fmt::format("the label of '{}' is another", shown(patient)));
    check_prediction(result.predictions[i]);
    const std::vector<float>& values = result.embeddings[i].values;
    const bool finite = std::all_of(values.begin(), values.end(), [](float x) { return std::isfinite(x); });
    if (values.size() != width || !finite) {
      wrong(fmt::format("the embedding of '{}' is not of {} finite values", shown(patient), width));
    }
  };
  const std::size_t expected = visit_expected(experiment, pair, result.cell.fold, check);
  if (result.predictions.size() != expected || result.embeddings.size() != expected) {
    wrong(fmt::format("it has {} predictions and {} embeddings, expected {}", result.predictions.size(),
                      result.embeddings.size(), expected));
  }
}

void check_metrics(const CellResult& result, const Experiment& experiment, const Pair& pair) {
  std::set<std::string> known;
  for (const Metric& metric : metrics()) known.insert(metric.name);
  std::map<std::string, std::int64_t> patients = {{kTestCohort, 0}};
  for (const PairCohort& of : pair.external) {
    patients[experiment.cohorts.at(static_cast<std::size_t>(of.cohort)).name] = 0;
  }
  for (const Prediction& p : result.predictions) ++patients[p.cohort];
  std::set<std::pair<std::string, std::string>> seen;
  for (const MetricRow& row : result.metrics) {
    const auto cohort = patients.find(row.cohort);
    if (known.count(row.metric) == 0 || cohort == patients.end()) {
      wrong(fmt::format("it has the metric '{}' of '{}', which is none", shown(row.metric), shown(row.cohort)));
    }
    if (!seen.emplace(row.cohort, row.metric).second) wrong(fmt::format("it has {} twice", shown(row.metric)));
    check_range("n of a metric", row.n, 0, cohort->second);
    check_range("redrawn", row.redrawn, 0, std::numeric_limits<std::int64_t>::max());
    for (const double value : {row.value, row.ci_low, row.ci_high}) check_finite("a metric", value, true);
    check_text("the reason of a metric", row.reason);
  }
}

void check_epochs(const CellResult& result, int most) {
  if (result.epochs.size() > static_cast<std::size_t>(std::max(0, most))) {
    wrong(fmt::format("it has {} epochs, at most {} are trained", result.epochs.size(), most));
  }
  int next = 1;
  for (const EpochRow& row : result.epochs) {
    if (row.epoch != next++) wrong(fmt::format("epoch {} is in the place of epoch {}", row.epoch, next - 1));
    for (const double value : {row.train_classification, row.train_regression, row.valid_classification,
                               row.valid_regression, row.weight_classification, row.weight_regression}) {
      check_finite("a loss or weight", value, true);
    }
    check_finite("an epoch's time", row.seconds);
  }
  check_range("the best epoch", result.best_epoch, 0, most);
  check_range("the epoch in which it continued", result.resumed, 0, most + 1LL);
}

// One for each alternative of FromTrainer.
struct Checks {
  void operator()(const Ready& ready) const { check_answer(ready); }
  void operator()(const StageId& answer) const { check_answer(answer); }
  void operator()(const Staged& answer) const { check_answer(answer); }
  void operator()(const Progress& progress) const { check_progress(progress); }
  void operator()(const Finished&) const {}
  void operator()(const Failed& failed) const {
    check_cell(failed.cell, failed.attempt);
    check_text("a cause", failed.cause);
    if (failed.cause.find('\n') != std::string::npos) wrong("a cause has several lines, expected one");
    check_text("a detail", failed.detail, kLongestDetail);
  }
  void operator()(const Stopped& stopped) const { check_cell(stopped.cell, stopped.attempt); }
  void operator()(const Alive&) const {}
};

}  // namespace

void check_text(const char* what, const std::string& text, std::size_t longest) {
  if (text.size() > longest) wrong(fmt::format("{} has {} bytes, at most {} are sent", what, text.size(), longest));
}

void check_range(const char* what, std::int64_t value, std::int64_t least, std::int64_t most) {
  if (value < least || value > most) wrong(fmt::format("{} is {}, expected {} to {}", what, value, least, most));
}

void check_environment(const Environment& e) {
  for (const std::string* text : {&e.host, &e.device, &e.cpu, &e.version, &e.libraries, &e.members}) {
    check_text("a text of the environment", *text);
  }
  check_range("rank", e.rank, 0, kMost);
  check_range("threads", e.threads, 0, kMost);
  check_range("pack", e.pack, 0, kMost);
}

void check_progress(const Progress& progress) {
  check_cell(progress.cell, progress.attempt);
  check_range("epochs", progress.epochs, 0, kMost);
  check_range("epoch", progress.epoch, 0, progress.epochs);
  check_range("the epoch in which it continued", progress.resumed, 0, progress.epochs + 1LL);
}

void check_answer(const Ready& ready) {
  check_range("the largest pack", ready.largest_pack, 0, kMost);
  check_environment(ready.environment);
  check_text("what staging lacks", ready.staging_lacks);
}

void check_answer(const StageId& answer) {
  check_text("the communicator's id", answer.id);
  check_text("an error", answer.error, kLongestDetail);
}

void check_answer(const Staged& answer) {
  check_text("an error", answer.error, kLongestDetail);
  check_range("cohorts", answer.cohorts, 0, kMost);
  check_range("skipped cohorts", answer.skipped, 0, kMost);
  check_finite("the seconds of staging", answer.seconds);
  check_environment(answer.environment);
}

void check_report(const FromTrainer& message) { std::visit(Checks{}, message); }

namespace {

void check_heading(const CellResult& result) {
  check_cell(result.cell, result.attempt);
  check_environment(result.environment);
  check_finite("the time of its start", result.started);
  check_finite("the time of its end", result.ended);
}

void check_no_rows(const CellResult& result) {
  if (!result.epochs.empty() || !result.metrics.empty() || !result.predictions.empty() || !result.embeddings.empty()) {
    wrong("it has rows, and its cell is not trained");
  }
}

void check_slide(const CellResult& result, const Extraction& extraction) {
  check_no_rows(result);
  if (!result.slide) wrong("it does not tell of its slide");
  const auto [cohort, slide] = extraction.slide_of(result.cell);
  const SlideRecord& record = *result.slide;
  const std::string file = record.kept > 0 ? feature_file_of(cohort, slide) : "";
  if (record.slide_file != slide.file || record.feature_file != file) wrong("it tells of other files");
  check_text("the source of microns per pixel", record.mpp_source);
  check_finite("microns per pixel", record.mpp);
  for (const std::int64_t number : {record.bytes, record.width, record.height, record.tiles, record.kept}) {
    check_range("a number of pixels or tiles", number, 0, std::numeric_limits<std::int64_t>::max() / 4);
  }
  for (const std::int64_t number : {record.too_bright, record.too_plain}) {
    check_range("a number of rejected tiles", number, 0, record.tiles);
  }
  if (record.tiles != record.kept + record.too_bright + record.too_plain) {
    wrong(fmt::format("it saw {} tiles, kept {} and rejected {}", record.tiles, record.kept,
                      record.too_bright + record.too_plain));
  }
}

}  // namespace

void check_empty_result(const CellResult& result) {
  check_heading(result);
  check_no_rows(result);
  if (result.slide) wrong("it tells of a slide, and none was read");
}

void check_result(const CellResult& result, const Experiment& experiment) {
  check_heading(result);
  if (experiment.extraction) return check_slide(result, *experiment.extraction);
  if (result.slide) wrong("it tells of a slide, and its cell is trained");
  check_epochs(result, experiment.train.epochs);
  const Pair& pair = experiment.pair_of(result.cell);
  check_patients(result, experiment, pair);
  check_metrics(result, experiment, pair);
}

}  // namespace mtlgrid
