#include "trainer/cell_run.h"

#include <ATen/ops/empty_like.h>
#include <ATen/ops/from_blob.h>

#include <chrono>
#include <cmath>
#include <cstdio>

#include "datasets/errors.h"
#include "datasets/fingerprint.h"
#include "trainer/environment.h"
#include "trainer/prediction.h"
#include "trainer/state_dict.h"
#include "trainer/weights.h"

namespace mtlgrid {
namespace {

// For durations alone: nothing of a result depends on it.
double monotonic_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

const std::string& patient_name(const Experiment& experiment, const CellPatient& p) {
  return experiment.cohorts[static_cast<std::size_t>(p.cohort)].patients[static_cast<std::size_t>(p.patient)].name;
}

// Puts initial weights out of a file in the place of drawn ones.
void start_from(const InitialWeights& init, const ParameterLayout& layout, const at::Tensor& parameters) {
  if (hash_file(init.file) != init.hash) {
    throw InputError(init.file + ": has changed since the run began, expected the initial weights of then");
  }
  std::vector<double> values = read_state_dict(init.file, layout);
  parameters.copy_(at::from_blob(values.data(), {1, layout.total}, at::kDouble));
}

ParameterLayout layout_of(const Experiment& experiment, const Cell& cell, const CellData& data) {
  const Pair& pair = experiment.pair_of(cell);
  return make_layout(experiment.model, data.width, pair.label_column, pair.auxiliary_column);
}

}  // namespace

CellRun::CellRun(const Experiment& experiment, const Train& train, BagCache& bags, Environment environment)
    : experiment_(experiment),
      train_(train),
      bags_(bags),
      environment_(std::move(environment)),
      data_(cell_data(experiment, train.cell)),
      streams_(experiment.seed, train.cell),
      step_(method(train.cell.method), experiment.model, experiment.train, experiment.protocol,
            layout_of(experiment, train.cell, data_), streams_, at::kCPU, experiment.run.threads),
      best_(at::empty_like(step_.parameters())),
      checkpoints_(train.directory, cell_identity(experiment, train.cell)),
      started_(seconds_since_1970()),
      epoch_began_(monotonic_seconds()),
      checkpointed_(epoch_began_) {
  std::filesystem::create_directories(train.directory);
  const std::vector<std::filesystem::path> earlier(train.resume.begin(), train.resume.end());
  const auto say = [&](const std::string& line) {
    std::fprintf(stderr, "%s: %s\n", train.cell.name().c_str(), line.c_str());
  };
  if (auto state = checkpoints_.resume(earlier, arrays(), say)) {
    state_ = std::move(*state);
    step_.weighting().load(state_.weighting);
    epoch_began_ -= state_.seconds;
    return;
  }
  if (!experiment.init.file.empty()) start_from(experiment.init, step_.layout(), step_.parameters());
  best_.copy_(step_.parameters());
}

TrainingArrays CellRun::arrays() const {
  return {step_.parameters(), step_.first_moment(), step_.second_moment(), best_};
}

int CellRun::patience() const { return experiment_.train.patience + experiment_.protocol.extra_patience; }

Example CellRun::example(const CellPatient& patient) const {
  return {bag_tensor(bags_.bag(patient), best_), patient.label, data_.scaling.scale(patient.target),
          patient_name(experiment_, patient)};
}

std::optional<CellResult> CellRun::run(CellControl& control) {
  if (state_.steps > 0) control.progress(state_.epoch, experiment_.train.epochs);
  if (!train_epochs(control)) return std::nullopt;
  CellResult result;
  result.cell = train_.cell;
  result.attempt = train_.attempt;
  result.environment = environment_;
  result.best_epoch = state_.stopping.best_epoch;
  result.started = started_;
  result.epochs = state_.epochs;
  if (!evaluate(control, result)) return std::nullopt;
  if (experiment_.run.keep_weights == "best") write_weights();
  result.ended = seconds_since_1970();
  return result;
}

// False: stopped on request.
bool CellRun::train_epochs(CellControl& control) {
  while (!state_.trained) {
    if (!train_epoch(control)) return false;
    const int done = state_.epoch;
    finish_epoch();
    control.progress(done, experiment_.train.epochs);
    // What follows the last epoch is short: a checkpoint is written there only if it is interrupted.
    if (!state_.trained) write_checkpoint();
  }
  return true;
}

bool CellRun::train_epoch(CellControl& control) {
  const auto epoch = static_cast<std::uint64_t>(state_.epoch);
  const auto n = static_cast<std::uint32_t>(data_.train.size());
  const std::vector<std::uint32_t> order = streams_.order.child(epoch).permutation(n);
  const std::vector<std::uint32_t> meta_order = streams_.meta.child(epoch).permutation(n);
  const double interval = 60 * experiment_.run.checkpoint_minutes;
  while (static_cast<std::size_t>(state_.step) < data_.train.size()) {
    if (control.stop_requested()) {
      write_checkpoint();
      return false;
    }
    if (monotonic_seconds() - checkpointed_ > interval) write_checkpoint();
    const auto i = static_cast<std::size_t>(state_.step);
    const Example meta = step_.needs_meta() ? example(data_.train[meta_order[i]]) : Example{};
    const TaskLosses losses =
        step_.run({state_.epoch, state_.step, state_.steps}, example(data_.train[order[i]]), meta);
    for (std::size_t k = 0; k < losses.size(); ++k) state_.loss_sum[k] += losses[k];
    ++state_.step;
    ++state_.steps;
  }
  return true;
}

// Validation, the epoch's row, best weights, and whether it was the last.
void CellRun::finish_epoch() {
  const TaskLosses valid = validate();
  const double n = static_cast<double>(data_.train.size());
  const std::vector<double> weights = step_.weighting().weights();
  EpochRow row;
  row.epoch = state_.epoch;
  row.train_classification = state_.loss_sum[0] / n;
  row.train_regression = state_.loss_sum[1] / n;  // NaN in `baseline`
  row.valid_classification = valid[0];
  row.valid_regression = valid[1];
  row.weight_classification = weights[0];
  row.weight_regression = weights.size() > 1 ? weights[1] : kMissing;
  row.seconds = monotonic_seconds() - epoch_began_;
  state_.epochs.push_back(row);
  if (state_.stopping.improved(state_.epoch, valid[0])) best_.copy_(step_.parameters());
  state_.trained = state_.epoch >= experiment_.train.epochs || state_.stopping.exhausted(state_.epoch, patience());
  step_.epoch_done();
  ++state_.epoch;
  state_.step = 0;
  state_.loss_sum[0] = state_.loss_sum[1] = 0;
  epoch_began_ = monotonic_seconds();
}

TaskLosses CellRun::validate() const {
  TaskLosses sum = {0, 0};
  for (const CellPatient& patient : data_.valid) {
    const Example e = example(patient);
    const TaskLosses losses = task_losses(step_.evaluate(e.bag), e.label, e.target);
    for (std::size_t k = 0; k < sum.size(); ++k) sum[k] += losses[k];
    if (!std::isfinite(losses[0]) || (step_.joint() && !std::isfinite(losses[1]))) {
      throw Error(ErrorKind::cell_failed,
                  "epoch " + std::to_string(state_.epoch) + ", validation, patient " + e.patient + ": " +
                      (std::isfinite(losses[0]) ? "regression" : "classification") + " loss is not finite");
    }
  }
  for (double& s : sum) s /= static_cast<double>(data_.valid.size());
  return sum;
}

bool CellRun::evaluate(CellControl& control, CellResult& result) {
  for (const CellData::Cohort& cohort : data_.evaluation) {
    if (!evaluate_cohort(control, cohort, result)) return false;
  }
  return true;
}

bool CellRun::evaluate_cohort(CellControl& control, const CellData::Cohort& cohort, CellResult& result) {
  const TrainedNetwork network = {experiment_.model, make_views(step_.layout(), experiment_.model, best_),
                                  step_.joint(), data_.scaling};
  std::vector<Prediction> predictions;
  std::vector<std::vector<float>> values;
  for (const CellPatient& patient : cohort.patients) {
    if (control.stop_requested()) {
      write_checkpoint();
      return false;
    }
    PatientPrediction p =
        predict(network, bag_tensor(bags_.bag(patient), best_), cohort.name, patient_name(experiment_, patient));
    p.prediction.label = patient.label;
    p.prediction.target = patient.target;
    predictions.push_back(std::move(p.prediction));
    if (cohort.external) values.push_back(p.embedding.values);  // silhouettes are of external cohorts
    result.embeddings.push_back(std::move(p.embedding));
  }
  const RandomStream stream(experiment_.seed, GroupStreams::name(train_.cell, "bootstrap/" + cohort.name));
  const std::vector<MetricRow> rows = cell_metrics(cohort.name, predictions, values, experiment_.bootstrap, stream);
  result.metrics.insert(result.metrics.end(), rows.begin(), rows.end());
  result.predictions.insert(result.predictions.end(), predictions.begin(), predictions.end());
  return true;
}

void CellRun::write_checkpoint() {
  state_.weighting = step_.weighting().save();
  state_.seconds = monotonic_seconds() - epoch_began_;
  checkpoints_.write(state_, arrays());
  checkpointed_ = monotonic_seconds();
}

void CellRun::write_weights() const {
  const Pair& pair = experiment_.pair_of(train_.cell);
  const at::Tensor best = best_[0].to(at::kFloat);
  const float* values = best.const_data_ptr<float>();
  const Weights weights = {train_.cell,         experiment_.model,          data_.width,
                           pair.label_column,   pair.auxiliary_column,      data_.scaling.minimum,
                           data_.scaling.range, state_.stopping.best_epoch, {values, values + best.numel()}};
  write_weights_file(std::filesystem::path(train_.directory) / kWeightsFile, weights);
}

}  // namespace mtlgrid
