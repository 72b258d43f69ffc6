#include "trainer/training/staging.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/full.h>
#include <c10/util/Exception.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <set>

#include "base/errors.h"
#include "base/system_error.h"
#include "datasets/bags/patient_bag.h"
#include "trainer/training/prediction.h"

namespace mtlgrid {
namespace {

// Values of one broadcast, 256 MiB: long enough for full speed, short enough to notice a stop within it. Guessed.
constexpr std::int64_t kPart = std::int64_t{128} << 20;

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

// A cohort being staged. Patients have tiles where the root can read their bags.
struct StagedCohort {
  int cohort = 0, root = 0;
  std::int64_t width = 0;
  std::vector<StagedPatient> patients;
};

std::vector<StagedCohort> cohorts_of(const Experiment& experiment, const std::vector<int>& nodes) {
  std::vector<StagedCohort> cohorts;
  for (const BagSource& source : bag_sources(experiment)) {
    const auto cohort = static_cast<int>(source.cohort);
    if (cohorts.empty() || cohorts.back().cohort != cohort) {
      cohorts.push_back({cohort, staging_root(nodes, static_cast<int>(cohorts.size())), source.width, {}});
    }
    cohorts.back().patients.push_back({static_cast<int>(source.patient), 0});
  }
  return cohorts;
}

// The cell that needs the bag gets the reason when it reads it.
void leave_out(const Error& error) { std::fprintf(stderr, "not staged: %s\n", error.what()); }

void read(StagedCohort& cohort, BagCache& cache, const Patience& patience) {
  for (StagedPatient& patient : cohort.patients) {
    patience.check("reading features");
    try {
      patient.tiles = cache.bag({cohort.cohort, patient.patient, 0, 0}).tiles;
    } catch (const InputError& e) {
      leave_out(e);
    } catch (const SystemError& e) {
      leave_out(e);
    } catch (const FeaturesChanged& e) {
      leave_out(e);
    }
  }
}

// A failure after everything has arrived only costs a line in the log.
void leave(Broadcaster& broadcaster) {
  try {
    broadcaster.finish();
  } catch (const Error& e) {
    std::fprintf(stderr, "features are staged; leaving the communicator: %s\n", e.what());
  }
}

class Staging {
 public:
  Staging(BagCache& cache, DeviceBags& bags, Broadcaster& broadcaster, const Patience& patience)
      : cache_(cache), bags_(bags), broadcaster_(broadcaster), patience_(patience) {}

  void stage(StagedCohort& cohort, StagingResult& result) {
    share_tiles(cohort);
    std::int64_t tiles = 0;
    for (const StagedPatient& patient : cohort.patients) tiles += patient.tiles;
    if (tiles == 0) return;
    const at::Tensor buffer = bags_.reserve(tiles, cohort.width);
    if (!all_have(buffer.defined())) {
      ++result.skipped;
      return;
    }
    if (broadcaster_.rank() == cohort.root) fill(cohort, buffer);
    const at::Tensor values = buffer.view({-1});
    for (std::int64_t at = 0; at < values.numel(); at += kPart) {
      patience_.check("broadcasting features");
      broadcaster_.broadcast(values.narrow(0, at, std::min(kPart, values.numel() - at)), cohort.root);
    }
    bags_.adopt(cohort.cohort, cohort.patients, buffer);
    ++result.cohorts;
    result.bytes += static_cast<std::uint64_t>(buffer.nbytes());
  }

 private:
  void share_tiles(StagedCohort& cohort) {
    std::vector<std::int64_t> tiles;
    for (const StagedPatient& patient : cohort.patients) tiles.push_back(patient.tiles);
    const auto n = static_cast<std::int64_t>(tiles.size());
    const at::Tensor there = at::from_blob(tiles.data(), {n}, at::kLong).to(bags_.device(), at::kLong, false, true);
    broadcaster_.broadcast(there, cohort.root);
    const at::Tensor here = there.cpu();
    constexpr std::int64_t kMost = std::int64_t{1} << 40;  // of a cohort: no memory holds so many
    std::int64_t all = 0;
    for (std::size_t i = 0; i < tiles.size(); ++i) {
      const std::int64_t count = cohort.patients[i].tiles = here.const_data_ptr<std::int64_t>()[i];
      if (count < 0 || count > kMost - all)
        throw Error(ErrorKind::fatal, fmt::format("staging: a bag of {} tiles", count));
      all += count;
    }
  }

  // Whether every trainer has room: each broadcasts its answer.
  bool all_have(bool mine) {
    bool all = true;
    for (int root = 0; root < broadcaster_.size(); ++root) {
      const at::Tensor answer =
          at::full({1}, mine ? 1 : 0, at::TensorOptions().dtype(at::kLong).device(bags_.device()));
      broadcaster_.broadcast(answer, root);
      all = all && answer.item<std::int64_t>() == 1;
    }
    return all;
  }

  void fill(const StagedCohort& cohort, const at::Tensor& buffer) {
    std::int64_t offset = 0;
    for (const StagedPatient& patient : cohort.patients) {
      patience_.check("copying features to the GPU");
      if (patient.tiles == 0) continue;
      // Compared with its hash once more: it comes out of a file that others may write.
      const BagView view = cache_.bag({cohort.cohort, patient.patient, 0, 0});
      buffer.narrow(0, offset, patient.tiles).copy_(half_tensor(view));
      offset += patient.tiles;
    }
  }

  BagCache& cache_;
  DeviceBags& bags_;
  Broadcaster& broadcaster_;
  const Patience& patience_;
};

}  // namespace

int staging_root(const std::vector<int>& nodes, int cohort) {
  const std::set<int> different(nodes.begin(), nodes.end());
  const auto count = static_cast<int>(different.size());
  if (count == 0 || *different.begin() != 0 || *different.rbegin() != count - 1) {
    throw Error(ErrorKind::fatal, "staging: nodes are not numbered from 0 without gaps");
  }
  return static_cast<int>(std::find(nodes.begin(), nodes.end(), cohort % count) - nodes.begin());
}

StagingResult stage_bags(const Experiment& experiment, BagCache& cache, DeviceBags& bags, const std::vector<int>& nodes,
                         const std::function<std::unique_ptr<Broadcaster>()>& join, const Patience& patience) {
  StagingResult result;
  try {
    const std::unique_ptr<Broadcaster> broadcaster = join();
    std::vector<StagedCohort> cohorts = cohorts_of(experiment, nodes);
    if (nodes.size() != static_cast<std::size_t>(broadcaster->size())) {
      throw Error(ErrorKind::fatal,
                  fmt::format("staging: {} trainers, but {} node numbers", broadcaster->size(), nodes.size()));
    }
    const bool one_node = std::set<int>(nodes.begin(), nodes.end()).size() == 1;
    for (StagedCohort& cohort : cohorts) {
      if (cohort.root != broadcaster->rank()) continue;
      if (one_node) cache.share([&] { patience.check("reading features"); });
      read(cohort, cache, patience);
    }
    Staging staging(cache, bags, *broadcaster, patience);
    for (StagedCohort& cohort : cohorts) staging.stage(cohort, result);
    leave(*broadcaster);
  } catch (const Error& e) {
    result.error = first_line(e.what());
  } catch (const c10::Error& e) {
    result.error = first_line(e.what_without_backtrace());
  }
  cache.forget();  // they are on the GPU, or will be read again through the node's bag file
  return result;
}

}  // namespace mtlgrid
