#include "trainer/cell_data.h"

#include <xxhash.h>

#include <cstdio>

#include "datasets/errors.h"
#include "results/records.h"

namespace mtlgrid {
namespace {

// at() throws std::out_of_range, which the server takes for a fault of the program: indices come from our own plan.
std::vector<CellPatient> patients_at(const PairCohort& cohort, const std::vector<int>& positions) {
  std::vector<CellPatient> out;
  for (int position : positions) {
    const auto i = static_cast<std::size_t>(position);
    out.push_back({cohort.cohort, cohort.patient.at(i), cohort.label.at(i), cohort.target.at(i)});
  }
  return out;
}

std::vector<int> all_positions(const PairCohort& cohort) {
  std::vector<int> positions(cohort.patient.size());
  for (std::size_t i = 0; i < positions.size(); ++i) positions[i] = static_cast<int>(i);
  return positions;
}

const ExperimentCohort& cohort_of(const Experiment& experiment, int cohort) {
  return experiment.cohorts.at(static_cast<std::size_t>(cohort));
}

}  // namespace

CellData cell_data(const Experiment& experiment, const Cell& cell) {
  const Pair& pair = experiment.pair_of(cell);
  const PairFold& fold = pair.folds[static_cast<std::size_t>(cell.fold)];
  CellData data;
  data.train = patients_at(pair.training, fold.train);
  data.valid = patients_at(pair.training, fold.valid);
  data.evaluation.push_back({kTestCohort, patients_at(pair.training, fold.test), false});
  data.width = cohort_of(experiment, pair.training.cohort).width;
  for (const PairCohort& external : pair.external) {
    const ExperimentCohort& cohort = cohort_of(experiment, external.cohort);
    if (cohort.width != data.width) {
      throw InputError("cohort " + cohort.name + " has " + std::to_string(cohort.width) +
                       " features a tile, the training cohort " + std::to_string(data.width));
    }
    data.evaluation.push_back({cohort.name, patients_at(external, all_positions(external)), true});
  }
  if (data.train.empty() || data.valid.empty())
    throw InputError("cell " + cell.name() + " has no training or no validation patients");
  std::vector<double> targets;
  for (const CellPatient& p : data.train) targets.push_back(p.target);
  data.scaling = MinMax::fit(targets);
  return data;
}

std::string cell_identity(const Experiment& experiment, const Cell& cell) {
  const Pair& pair = experiment.pair_of(cell);
  nlohmann::json all = {{"seed", experiment.seed},
                        {"model", experiment.model},
                        {"train", experiment.train},
                        {"protocol", experiment.protocol},
                        {"cell", cell},
                        {"pair", pair},
                        {"version", MTLGRID_VERSION},
                        {"cohorts", nlohmann::json::array()}};
  if (!experiment.init.hash.empty()) all["init"] = experiment.init.hash;
  for (const ExperimentCohort& cohort : experiment.cohorts) {  // not where the files lie: a folder may move
    nlohmann::json names = nlohmann::json::array();
    for (const PatientFiles& patient : cohort.patients) names.push_back(patient.name);
    all["cohorts"].push_back({{"name", cohort.name}, {"width", cohort.width}, {"patients", std::move(names)}});
  }
  const std::vector<std::uint8_t> bytes = nlohmann::json::to_msgpack(all);
  const XXH128_hash_t hash = XXH3_128bits(bytes.data(), bytes.size());
  char hex[33];
  std::snprintf(hex, sizeof hex, "%016llx%016llx", static_cast<unsigned long long>(hash.high64),
                static_cast<unsigned long long>(hash.low64));
  return hex;
}

const Bag& BagCache::bag(const CellPatient& patient) {
  const auto key = std::pair(patient.cohort, patient.patient);
  if (const auto found = bags_.find(key); found != bags_.end()) return found->second;
  const ExperimentCohort& cohort = cohort_of(experiment_, patient.cohort);
  const PatientFiles& files = cohort.patients.at(static_cast<std::size_t>(patient.patient));
  Bag bag = read_bag({files.files.begin(), files.files.end()});
  if (bag.width != cohort.width) {
    throw InputError("patient " + files.name + " of cohort " + cohort.name + ": " + std::to_string(bag.width) +
                     " features a tile, expected " + std::to_string(cohort.width));
  }
  return bags_.emplace(key, std::move(bag)).first->second;
}

}  // namespace mtlgrid
