#include "trainer/training/cell_run.h"

#include <ATen/ops/empty_like.h>
#include <ATen/ops/from_blob.h>

#include <cmath>
#include <cstdio>

#include "base/clock.h"
#include "base/errors.h"
#include "datasets/features/fingerprint.h"
#include "results/records/attempt_log_format.h"
#include "results/store/layout.h"
#include "trainer/formats/state_dict.h"
#include "trainer/formats/weights.h"
#include "trainer/process/environment.h"
#include "trainer/training/attempt_files.h"
#include "trainer/training/prediction.h"

namespace mtlgrid {
namespace {

// For durations only: no result depends on it.
double monotonic_seconds() { return Clock::real().steady(); }

const std::string& patient_name(const Experiment& experiment, const CellPatient& p) {
  return experiment.cohorts[static_cast<std::size_t>(p.cohort)].patients[static_cast<std::size_t>(p.patient)].name;
}

// The file's weights. Throws Error(needs_person), since no cell is at fault, unless it is the one that was planned
// with.
std::vector<double> read_unchanged(const InitialWeights& init, const ParameterLayout& layout) {
  const auto compare = [&] {
    try {
      if (hash_file(init.file) == init.hash) return;
    } catch (const InputError&) {  // it cannot be read any more
    }
    throw Error(ErrorKind::needs_person,
                init.file +
                    ": the initial weights have changed since the run was planned; restore the file and run "
                    "again, or run again as it is, which makes a grid of its own");
  };
  compare();
  try {
    std::vector<double> values = read_state_dict(init.file, layout);
    compare();  // what was read
    return values;
  } catch (const InputError&) {
    compare();
    throw;
  }
}

// Replaces drawn initial weights by those of a file.
void start_from(const InitialWeights& init, const ParameterLayout& layout, const at::Tensor& parameters) {
  std::vector<double> values = read_unchanged(init, layout);
  parameters.copy_(at::from_blob(values.data(), {1, layout.total}, at::kDouble));
}

ParameterLayout layout_of(const Experiment& experiment, const Cell& cell, const CellData& data) {
  const Pair& pair = experiment.pair_of(cell);
  return make_layout(experiment.model, data.width, pair.label_column, pair.auxiliary_column);
}

}  // namespace

CellRun::CellRun(const Experiment& experiment, const Train& train, DeviceBags& bags, Environment environment)
    : experiment_(experiment),
      train_(train),
      bags_(bags),
      environment_(std::move(environment)),
      data_(cell_data(experiment, train.cell)),
      streams_(experiment.seed, train.cell),
      checkpoints_(train.directory, {train.cell, experiment.grid, cell_identity(experiment, train.cell)}),
      started_(seconds_since_1970()),
      epoch_began_(monotonic_seconds()),
      checkpointed_(epoch_began_) {
  require_attempt_folder(train.directory);
}

StackStep CellRun::start(at::Device device) {
  StackStep network(method(train_.cell.method), experiment_.model, experiment_.train, experiment_.protocol,
                    layout_of(experiment_, train_.cell, data_), streams_, device, experiment_.run.threads,
                    experiment_.run.cuda_graphs);
  sits(network, 0);
  best_ = at::empty_like(network.parameters());
  const std::vector<std::filesystem::path> earlier(train_.resume.begin(), train_.resume.end());
  const auto say = [&](const std::string& line) { std::fprintf(stderr, "%s\n", log_line(train_.cell, line).c_str()); };
  const TrainingArrays host = arrays();
  if (auto state = checkpoints_.resume(earlier, host, say)) {
    state_ = std::move(*state);
    resumed_ = state_.epoch;
    network.parameters().copy_(host.parameters);
    network.first_moment().copy_(host.first_moment);
    network.second_moment().copy_(host.second_moment);
    best_.copy_(host.best);
    network.weighting().load(state_.weighting);
    network.aggregator().load(state_.aggregation);
    epoch_began_ -= state_.seconds;
  } else {
    if (!experiment_.init.file.empty()) start_from(experiment_.init, network.layout(), network.parameters());
    best_.copy_(network.parameters());
  }
  return network;
}

// On the CPU the arrays themselves, on another device copies.
TrainingArrays CellRun::arrays() const {
  return {stack_->parameters(member_).cpu(), stack_->first_moment(member_).cpu(), stack_->second_moment(member_).cpu(),
          best_.cpu()};
}

EpochLosses CellRun::losses() const {
  if (state_.epochs.empty()) return {};
  const EpochRow& row = state_.epochs.back();
  return {row.train_classification, row.train_regression, row.valid_classification, row.valid_regression};
}

int CellRun::patience() const { return experiment_.train.patience + experiment_.protocol.extra_patience; }

Example CellRun::example_of(const CellPatient& patient) const {
  return {bags_.bag(patient, best_), patient.label, data_.scaling.scale(patient.target),
          patient_name(experiment_, patient)};
}

Example CellRun::example(const StepPlace& place) const {
  const auto next = static_cast<std::size_t>(place.step) + 1;
  if (next < order_.size()) bags_.prepare(data_.train[order_[next]]);
  return example_of(data_.train[order_[static_cast<std::size_t>(place.step)]]);
}

Example CellRun::meta_example(const StepPlace& place) const {
  return example_of(data_.train[meta_order_[static_cast<std::size_t>(place.step)]]);
}

Example CellRun::validation_example(std::size_t i) const { return example_of(data_.valid[i]); }

void CellRun::begin_epoch() {
  const auto epoch = static_cast<std::uint64_t>(state_.epoch);
  const auto n = static_cast<std::uint32_t>(data_.train.size());
  order_ = streams_.order.child(epoch).permutation(n);
  meta_order_ = streams_.meta.child(epoch).permutation(n);
}

void CellRun::checkpoint_if_due() {
  if (monotonic_seconds() - checkpointed_ > 60 * experiment_.run.checkpoint_minutes) write_checkpoint();
}

void CellRun::checkpoint_after_epoch(std::size_t cells) {
  const double cost = checkpoint_cost_ * static_cast<double>(cells);
  if (worth_a_checkpoint(monotonic_seconds() - checkpointed_, cost)) write_checkpoint();
}

void CellRun::step_done(const TaskLosses& losses) {
  for (std::size_t k = 0; k < losses.size(); ++k) state_.loss_sum[k] += losses[k];
  ++state_.step;
  ++state_.steps;
}

void CellRun::finish_epoch(const TaskLosses& validation_sum) {
  const double patients = static_cast<double>(data_.valid.size());
  const TaskLosses valid = {validation_sum[0] / patients, validation_sum[1] / patients};
  const double n = static_cast<double>(data_.train.size());
  const std::vector<double> weights = stack_->weighting(member_).weights();
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
  const bool improved = state_.stopping.improved(state_.epoch, valid[0]);
  if (improved) best_.copy_(stack_->parameters(member_));
  std::fprintf(stderr, "%s\n", log_line(train_.cell, epoch_log_text(train_.cell, row, improved)).c_str());
  state_.trained = state_.epoch >= experiment_.train.epochs || state_.stopping.exhausted(state_.epoch, patience());
  stack_->epoch_done(member_);
  ++state_.epoch;
  state_.step = 0;
  state_.loss_sum[0] = state_.loss_sum[1] = 0;
  epoch_began_ = monotonic_seconds();
}

std::optional<CellResult> CellRun::result(const std::function<bool()>& stop_requested) {
  CellResult result;
  result.cell = train_.cell;
  result.attempt = train_.attempt;
  result.environment = environment_;
  result.best_epoch = state_.stopping.best_epoch;
  result.resumed = resumed_;
  result.started = started_;
  result.epochs = state_.epochs;
  for (const CellData::Cohort& cohort : data_.evaluation) {
    if (!evaluate_cohort(stop_requested, cohort, result)) return std::nullopt;
  }
  if (experiment_.run.keep_weights == "best") write_weights();
  result.ended = seconds_since_1970();
  return result;
}

// False: stopped on request, after a checkpoint was written.
bool CellRun::evaluate_cohort(const std::function<bool()>& stop_requested, const CellData::Cohort& cohort,
                              CellResult& result) {
  const TrainedNetwork network = {experiment_.model, make_views(stack_->layout(), experiment_.model, best_),
                                  stack_->joint(), data_.scaling};
  std::vector<Prediction> predictions;
  std::vector<std::vector<float>> values;
  for (const CellPatient& patient : cohort.patients) {
    if (stop_requested()) {
      write_checkpoint();
      return false;
    }
    PatientPrediction p = predict(network, bags_.bag(patient, best_), cohort.name, patient_name(experiment_, patient));
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
  const double began = monotonic_seconds();
  state_.weighting = stack_->weighting(member_).save();
  state_.aggregation = stack_->aggregator(member_).save();
  state_.seconds = monotonic_seconds() - epoch_began_;
  write_in_attempt_folder(train_.directory, [&] { checkpoints_.write(state_, arrays()); });
  checkpointed_ = monotonic_seconds();
  checkpoint_cost_ = checkpointed_ - began;
}

void CellRun::write_weights() const {
  const Pair& pair = experiment_.pair_of(train_.cell);
  const at::Tensor best = best_[0].to(at::kCPU, at::kFloat);
  const float* values = best.const_data_ptr<float>();
  const Weights weights = {train_.cell,         experiment_.model,          data_.width,
                           pair.label_column,   pair.auxiliary_column,      data_.scaling.minimum,
                           data_.scaling.range, state_.stopping.best_epoch, {values, values + best.numel()},
                           experiment_.grid};
  write_in_attempt_folder(train_.directory,
                          [&] { write_weights_file(std::filesystem::path(train_.directory) / kWeightsFile, weights); });
}

}  // namespace mtlgrid
