#include "trainer/training/cell_data.h"

#include <xxhash.h>

#include <cstdio>
#include <set>

#include "base/errors.h"
#include "datasets/bags/patient_bag.h"
#include "results/records/records.h"

namespace mtlgrid {
namespace {

// at() throws std::out_of_range, which the server treats as an internal error: indices come from our own plan.
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

// The disk, with a question before each write.
class CheckedDisk : public BagDisk {
 public:
  explicit CheckedDisk(const std::function<void()>& check) : check_(check) {}
  ssize_t write(int file, const void* data, std::size_t bytes, std::int64_t offset) override {
    if (check_) check_();
    return BagDisk::write(file, data, bytes, offset);
  }

 private:
  const std::function<void()>& check_;
};

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
  nlohmann::json all = {{"grid", experiment.grid},
                        {"seed", experiment.seed},
                        {"model", experiment.model},
                        {"train", experiment.train},
                        {"protocol", experiment.protocol},
                        {"cell", cell},
                        {"pair", pair},
                        {"version", MTLGRID_VERSION},
                        {"cohorts", nlohmann::json::array()}};
  if (!experiment.init.hash.empty()) all["init"] = experiment.init.hash;
  for (const ExperimentCohort& cohort : experiment.cohorts) {  // not the files' paths: a folder may move
    nlohmann::json names = nlohmann::json::array();
    nlohmann::json features = nlohmann::json::array();
    for (const PatientFiles& patient : cohort.patients) {
      names.push_back(patient.name);
      for (const KnownFeatures& file : patient.files) features.push_back(file.hash);
    }
    all["cohorts"].push_back({{"name", cohort.name},
                              {"width", cohort.width},
                              {"patients", std::move(names)},
                              {"features", std::move(features)}});
  }
  const std::vector<std::uint8_t> bytes = nlohmann::json::to_msgpack(all);
  const XXH128_hash_t hash = XXH3_128bits(bytes.data(), bytes.size());
  char hex[33];
  std::snprintf(hex, sizeof hex, "%016llx%016llx", static_cast<unsigned long long>(hash.high64),
                static_cast<unsigned long long>(hash.low64));
  return hex;
}

std::vector<BagSource> bag_sources(const Experiment& experiment) {
  std::set<std::pair<int, int>> used;
  const auto use = [&](const PairCohort& cohort) {
    for (int patient : cohort.patient) used.emplace(cohort.cohort, patient);
  };
  for (const Pair& pair : experiment.pairs) {
    use(pair.training);
    for (const PairCohort& external : pair.external) use(external);
  }
  std::vector<BagSource> sources;
  for (const auto& [c, p] : used) {
    const ExperimentCohort& cohort = cohort_of(experiment, c);
    const PatientFiles& patient = cohort.patients.at(static_cast<std::size_t>(p));
    sources.push_back({static_cast<std::uint32_t>(c), static_cast<std::uint32_t>(p), cohort.name, patient.name,
                       cohort.width, patient.files});
  }
  return sources;
}

void BagCache::share(const std::function<void()>& check) {
  const RunSettings& run = experiment_.run;
  if (asked_ || run.bag_cache == "off") return;
  const auto say = [](const std::string& line) { std::fprintf(stderr, "%s\n", line.c_str()); };
  const std::vector<BagSource> sources = bag_sources(experiment_);
  const auto build = [&](const std::filesystem::path& file) {
    CheckedDisk disk(check);
    write_bag_file(file, sources, disk, say);
  };
  const std::filesystem::path folder = run.bag_cache_folder;
  shared_ = NodeBags::open({folder.empty() ? default_bag_folder() : folder, run.bag_cache == "keep"}, sources, build,
                           say, check);
  asked_ = true;
}

BagView BagCache::bag(const CellPatient& patient) {
  const auto key = std::pair(patient.cohort, patient.patient);
  if (const auto found = read_.find(key); found != read_.end()) return view_of(found->second);
  const auto cohort_number = static_cast<std::uint32_t>(patient.cohort);
  if (shared_ && shared_->file().read(cohort_number, static_cast<std::uint32_t>(patient.patient), copy_)) {
    return view_of(copy_);
  }
  const ExperimentCohort& cohort = cohort_of(experiment_, patient.cohort);
  const PatientFiles& files = cohort.patients.at(static_cast<std::size_t>(patient.patient));
  Bag bag = read_patient_bag(cohort.name, files.name, files.files, cohort.width);
  return view_of(read_.emplace(key, std::move(bag)).first->second);
}

void BagCache::prepare(const CellPatient& patient) const {
  if (!shared_) return;
  shared_->file().prepare(static_cast<std::uint32_t>(patient.cohort), static_cast<std::uint32_t>(patient.patient));
}

}  // namespace mtlgrid
