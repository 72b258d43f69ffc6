#include "orchestrator/durations/duration_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>
#include <optional>
#include <unordered_map>

#include "balancers/methods/registry.h"
#include "base/errors.h"
#include "base/random.h"
#include "base/text.h"
#include "orchestrator/durations/log_effects.h"

namespace mtlgrid {
namespace {

// How far guesses may be off: standard deviations of logarithms.
constexpr double kCoreSpread = 0.4, kGpuSpread = 1.0;  // of machines, about the guesses in cost.h; guessed
constexpr double kThreadsPower = 0.75;                 // two threads do 1.5 to 1.9 times as much (docs/measurements.md)
constexpr double kMethodSpread = 0.1;  // of methods, which stay within 0.1 of cost.h (docs/measurements.md)
constexpr double kPairSpread = 0.1;    // of pairs, whose bags differ in size; the same
constexpr double kSpeedNoise = 0.1;    // of cells of one method and pair on one device; guessed
// Other work on a machine, other nodes, another day: what all future cells share and past cells do not reveal. Noisy
// times have the same causes, so part of the noise is counted here. Guessed.
constexpr double kConditions = 0.1, kConditionsOfNoise = 0.5;
constexpr double kRestSeconds = 0.05, kRestSpread = 1;                // weights made and written, metrics; guessed
constexpr double kRestNoise = 0.3;                                    // guessed
constexpr double kEpochsMethodSpread = 0.2, kEpochsPairSpread = 0.2;  // guessed
// Six folds of a synthetic grid, all methods: 0.35 between folds, 0.06 to 0.27 within one.
constexpr double kEpochsFoldSpread = 0.35, kEpochsNoise = 0.25;

constexpr double kNineInTen = 1.28;  // quantile of the normal distribution

constexpr int kLargestNormal = 4;  // beyond it a normal distribution has 0.006 % of its weight
constexpr int kNormalSteps = 8;    // per unit: more steps do not change the third digit

// "cpu", "cpu, 2 threads", "NVIDIA H100 80GB HBM3", "NVIDIA H100 80GB HBM3, in packs". In the environment a GPU is
// "cuda:UUID NAME".
std::string kind_of_device(const std::string& device, int threads, int pack) {
  if (device == "cpu") return threads > 1 ? fmt::format("cpu, {} threads", threads) : device;
  const auto blank = device.find(' ');
  return (blank == std::string::npos ? device : device.substr(blank + 1)) + (pack > 1 ? ", in packs" : "");
}

bool is_cpu(const std::string& kind) { return kind == "cpu" || kind.starts_with("cpu, "); }

MachineGuess machine_of(bool cpu, int threads) {
  if (!cpu) return kOneGpu;
  const double times = std::pow(threads, kThreadsPower);
  return {kOneCore.flops * times, kOneCore.bytes * times, kOneCore.pass};
}

// Limits that early stopping sets to a cell's epochs: their logarithm is uniform in between.
struct EpochLimits {
  double least, most;
  double guess() const { return std::log(least * most) / 2; }
  double spread() const { return std::max(1e-3, std::log(most / least) / std::sqrt(12)); }
};
EpochLimits limits_of(const Plan& plan) {
  const double most = plan.config.train.epochs;
  return {std::min(most, 1.0 + plan.config.train.patience + plan.config.protocol.extra_patience), most};
}

struct Moments {
  double mean, log_variance;
};
// Moments of exp(x), clamped to the limits, where x is normal.
Moments clamped(double mean, double variance, const EpochLimits& limits) {
  double weights = 0, sum = 0, logs = 0, squares = 0;
  for (int i = -kLargestNormal * kNormalSteps; i <= kLargestNormal * kNormalSteps; ++i) {
    const double z = static_cast<double>(i) / kNormalSteps, weight = std::exp(-z * z / 2);
    const double x = std::clamp(mean + z * std::sqrt(variance), std::log(limits.least), std::log(limits.most));
    weights += weight;
    sum += weight * std::exp(x);
    logs += weight * x;
    squares += weight * x * x;
  }
  return {sum / weights, std::max(0.0, squares / weights - logs * logs / weights / weights)};
}

// Standard normal numbers (Box and Muller) from a random stream.
class Normals {
 public:
  explicit Normals(RandomStream stream) : stream_(stream) {}
  double operator()() {
    const double radius = std::sqrt(-2 * std::log1p(-stream_.uniform_double(at_)));
    const double angle = 2 * std::numbers::pi * stream_.uniform_double(at_ + 1);
    at_ += 2;
    return radius * std::cos(angle);
  }

 private:
  RandomStream stream_;
  std::uint64_t at_ = 0;
};

// Guessed seconds.
struct Guesses {
  MachineGuess machine;
  std::vector<double> epoch;  // [pair, method, fold]
  std::vector<double> rest;   // [pair, fold], the time before and after the epochs
};

// What was learned about a kind of device.
struct DeviceModel {
  const Guesses* guesses;
  LogEffects seconds, rest;  // factors on the guesses
  int in_store = 0, in_run = 0;

  DeviceModel(const Guesses& guessed, bool cpu, int methods, int pairs)
      : guesses(&guessed),
        seconds({{1, cpu ? kCoreSpread : kGpuSpread}, {methods, kMethodSpread}, {pairs, kPairSpread}}, kSpeedNoise),
        rest({{1, kRestSpread}, {methods, kMethodSpread}, {pairs, kPairSpread}}, kRestNoise) {}
  // Standard deviation of the logarithm of the factor that all future cells share and no past cell reveals.
  double conditions() const { return std::hypot(kConditions, kConditionsOfNoise * seconds.noise()); }
};

Guesses guesses_of(const Plan& plan, const MachineGuess& machine) {
  Guesses guesses{machine, {}, {}};
  const PatientSeconds seconds = patient_seconds(plan, machine);
  const auto folds = static_cast<std::size_t>(plan.config.folds);
  for (const Pair& pair : plan.experiment.pairs) {
    // A pair may have fewer folds than another (each site group is one): the places of the others are never asked for.
    const auto own = [&](std::size_t fold) { return std::min(fold, pair.folds.size() - 1); };
    for (std::size_t m = 0; m < methods().size(); ++m) {
      for (std::size_t fold = 0; fold < folds; ++fold) {
        guesses.epoch.push_back(epoch_seconds(seconds, pair, m, own(fold)));
      }
    }
    for (std::size_t fold = 0; fold < folds; ++fold) {
      guesses.rest.push_back(kRestSeconds + evaluation_seconds(seconds, pair, own(fold)));
    }
  }
  return guesses;
}

}  // namespace

struct DurationModel::Impl {
  struct Place {
    int method, pair, fold;
    LogEffects::Levels levels() const { return {0, method, pair}; }
  };
  LogEffects::Levels epoch_levels(const Place& at) const { return {0, at.method, at.pair, at.pair * folds + at.fold}; }
  // What is expected of a cell, on the chosen device.
  struct Expectation {
    double epochs, seconds_factor, rest_factor;
    double epochs_variance, rest_variance;  // of the logarithms of the times of the epochs and of the rest
  };

  bool wants_cpu, wants_gpu;
  int threads;
  EpochLimits limits;
  std::unordered_map<std::string, int> method_index, pair_index;
  int folds;
  Guesses cpu, gpu;
  LogEffects epochs;
  std::map<std::string, DeviceModel> devices;
  DeviceModel unseen;
  int observed = 0;
  mutable bool stale = true;
  mutable std::vector<Expectation> expectations;  // [pair, method, fold]

  explicit Impl(const Plan& plan)
      : wants_cpu(plan.config.run.device != "cuda"),
        wants_gpu(plan.config.run.device != "cpu"),
        threads(plan.config.run.threads),
        limits(limits_of(plan)),
        folds(plan.config.folds),
        cpu(guesses_of(plan, machine_of(true, threads))),
        gpu(guesses_of(plan, machine_of(false, 1))),
        epochs({{1, limits.spread()},
                {static_cast<int>(methods().size()), kEpochsMethodSpread},
                {static_cast<int>(plan.experiment.pairs.size()), kEpochsPairSpread},
                {static_cast<int>(plan.experiment.pairs.size()) * folds, kEpochsFoldSpread, true}},
               kEpochsNoise),
        unseen(wants_cpu ? cpu : gpu, wants_cpu, static_cast<int>(methods().size()),
               static_cast<int>(plan.experiment.pairs.size())) {
    for (const Method& m : methods()) method_index.emplace(m.name, static_cast<int>(method_index.size()));
    for (const Pair& pair : plan.experiment.pairs) {
      pair_index.emplace(pair.biomarker + "/" + pair.auxiliary, static_cast<int>(pair_index.size()));
    }
  }

  std::optional<Place> find(const Cell& cell) const {
    const auto m = method_index.find(cell.method);
    const auto p = pair_index.find(cell.biomarker + "/" + cell.auxiliary);
    if (m == method_index.end() || p == pair_index.end() || cell.fold < 0 || cell.fold >= folds) return std::nullopt;
    return Place{m->second, p->second, cell.fold};
  }
  Place place(const Cell& cell) const {
    if (const auto found = find(cell)) return *found;
    throw Error(ErrorKind::fatal, cell.name() + ": this plan has no such cell, so its duration cannot be estimated");
  }

  std::size_t index(const Place& at) const {
    const auto row = static_cast<std::size_t>(at.pair) * methods().size() + static_cast<std::size_t>(at.method);
    return row * static_cast<std::size_t>(folds) + static_cast<std::size_t>(at.fold);
  }
  double epoch_of(const DeviceModel& device, const Place& at) const { return device.guesses->epoch[index(at)]; }
  double rest_of(const DeviceModel& device, const Place& at) const {
    return device.guesses->rest[static_cast<std::size_t>(at.pair * folds + at.fold)];
  }
  std::vector<Place> places() const {
    std::vector<Place> all;
    for (int pair = 0; pair < static_cast<int>(pair_index.size()); ++pair) {
      for (int m = 0; m < static_cast<int>(methods().size()); ++m) {
        for (int fold = 0; fold < folds; ++fold) all.push_back({m, pair, fold});
      }
    }
    return all;
  }

  void add(const MeasuredCell& cell, bool in_run) {
    const auto at = find(cell.cell);
    if (!at || cell.epochs < 1 || !(cell.epoch_seconds > 0)) return;
    const std::string kind = kind_of_device(cell.device, cell.threads, cell.pack);
    DeviceModel& device = devices
                              .try_emplace(kind, is_cpu(kind) ? cpu : gpu, is_cpu(kind),
                                           static_cast<int>(methods().size()), static_cast<int>(pair_index.size()))
                              .first->second;
    const LogEffects::Levels levels = at->levels();
    const double epoch = cell.epoch_seconds / cell.epochs / cell.pack;
    device.seconds.add(levels, std::log(epoch / epoch_of(device, *at)));
    const double rest = cell.seconds - cell.epoch_seconds;  // negative if the cell was resumed in between
    if (cell.pack == 1 && rest > 0) {
      device.rest.add(levels, std::log(rest / rest_of(device, *at)));
    }
    epochs.add(epoch_levels(*at), std::log(cell.epochs) - limits.guess());
    ++(in_run ? device.in_run : device.in_store);
    ++observed;
    stale = true;
  }

  // The device that the answers are for; nullptr if none was observed.
  const std::pair<const std::string, DeviceModel>* chosen() const {
    const std::pair<const std::string, DeviceModel>* best = nullptr;
    for (const auto& entry : devices) {
      const bool fits = is_cpu(entry.first) ? wants_cpu && entry.first == kind_of_device("cpu", threads, 1) : wants_gpu;
      const auto count = [](const DeviceModel& d) { return std::pair(d.in_run, d.in_store); };
      if (fits && (best == nullptr || count(entry.second) > count(best->second))) best = &entry;
    }
    return best;
  }
  const DeviceModel& model() const {
    const auto* found = chosen();
    return found == nullptr ? unseen : found->second;
  }

  const Expectation& expectation(const Place& at) const {
    if (stale) {
      const DeviceModel& device = model();
      expectations.clear();
      for (const Place& place : places()) {
        const LogEffects::Levels levels = place.levels(), epoch = epoch_levels(place);
        const Moments n = clamped(limits.guess() + epochs.mean(epoch), epochs.variance(epoch), limits);
        const double seconds = device.seconds.variance(levels), rest = device.rest.variance(levels);
        expectations.push_back({n.mean, std::exp(device.seconds.mean(levels) + seconds / 2),
                                std::exp(device.rest.mean(levels) + rest / 2), seconds + n.log_variance, rest});
      }
      stale = false;
    }
    return expectations[index(at)];
  }

  struct Parts {
    double epochs, rest;  // expected seconds
  };
  Parts parts(const Place& at) const {
    const Expectation& e = expectation(at);
    return {e.epochs * e.seconds_factor * epoch_of(model(), at), e.rest_factor * rest_of(model(), at)};
  }
};

DurationModel::DurationModel(const Plan& plan) : impl_(std::make_unique<Impl>(plan)) {}
DurationModel::~DurationModel() = default;
DurationModel::DurationModel(DurationModel&&) noexcept = default;
DurationModel& DurationModel::operator=(DurationModel&&) noexcept = default;

double DurationModel::expected(const Cell& cell) const {
  const Impl::Parts parts = impl_->parts(impl_->place(cell));
  return parts.epochs + parts.rest;
}

void DurationModel::observe(const CellResult& result) {
  MeasuredCell m;
  m.cell = result.cell;
  m.device = result.environment.device;
  m.threads = result.environment.threads;
  m.pack = result.environment.pack;
  m.epochs = static_cast<int>(result.epochs.size());
  for (const EpochRow& epoch : result.epochs) m.epoch_seconds += epoch.seconds;
  m.seconds = result.resumed > 0 ? kMissing : result.ended - result.started;
  impl_->add(m, true);
}

void DurationModel::learn(const std::vector<MeasuredCell>& measured) {
  for (const MeasuredCell& m : measured) impl_->add(m, false);
}

int DurationModel::observed() const { return impl_->observed; }

std::string DurationModel::device() const {
  const auto* found = impl_->chosen();
  return found == nullptr ? "" : found->first;
}

int DurationModel::observed_on_device() const {
  const DeviceModel& model = impl_->model();
  return model.in_store + model.in_run;
}

std::string DurationModel::basis() const {
  const auto* found = impl_->chosen();
  const int n = observed_on_device();
  if (found != nullptr) return fmt::format("from {} measured in this store on {}", counted(n, "cell"), found->first);
  const EpochLimits& limits = impl_->limits;
  const std::string epochs = limits.least < limits.most ? fmt::format("{:.0f} to {:.0f}", limits.least, limits.most)
                                                        : fmt::format("{:.0f}", limits.most);
  const std::string only = impl_->epochs.observations() > 0 ? "" : fmt::format(" and {} epochs per cell", epochs);
  return fmt::format("a guess: no cell in this store was measured on {} yet; assumes {:.0f} GFLOP/s per trainer{}",
                     impl_->wants_cpu ? kind_of_device("cpu", impl_->threads, 1) : "a GPU",
                     impl_->unseen.guesses->machine.flops / 1e9, only);
}

bool DurationModel::on_gpu() const {
  const auto* found = impl_->chosen();
  return found != nullptr && !is_cpu(found->first);
}

// The variance of a sum, from each part's share of it.
double DurationModel::error() const {
  double sum = 0;
  const std::vector<Impl::Place> places = impl_->places();
  for (const Impl::Place& place : places) {
    const Impl::Expectation& e = impl_->expectation(place);
    const Impl::Parts parts = impl_->parts(place);
    const double share = parts.epochs / (parts.epochs + parts.rest);
    sum += share * share * e.epochs_variance + (1 - share) * (1 - share) * e.rest_variance;
  }
  const double conditions = impl_->model().conditions();
  return std::sqrt(sum / static_cast<double>(places.size()) + conditions * conditions);
}

MachineGuess DurationModel::machine() const { return impl_->model().guesses->machine; }

double DurationModel::training_factor(const Cell& like, bool sure) const {
  const DeviceModel& model = impl_->model();
  const LogEffects::Levels levels = impl_->place(like).levels();
  const double spread = std::hypot(std::sqrt(model.seconds.variance(levels)), model.conditions());
  return std::exp(model.seconds.mean(levels) + (sure ? kNineInTen * spread : 0));
}

std::vector<std::vector<double>> DurationModel::draws(const std::vector<Cell>& cells, int count) const {
  const Impl& impl = *impl_;
  const DeviceModel& device = impl.model();
  std::vector<std::vector<double>> drawn(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) {
    Normals normal(RandomStream(0, "lengths").child(static_cast<std::uint64_t>(i)));
    const auto take = [&] { return normal(); };
    const auto seconds = device.seconds.draw(take), rest = device.rest.draw(take), epochs = impl.epochs.draw(take);
    const double conditions = std::exp(device.conditions() * normal());
    for (const Cell& cell : cells) {
      const Impl::Place at = impl.place(cell);
      const LogEffects::Levels levels = at.levels();
      const auto factor = [&](const LogEffects& model, const std::vector<double>& effects,
                              const LogEffects::Levels& of) {
        return std::exp(model.sum(effects, of) + model.noise() * normal());
      };
      const double n = std::clamp(std::exp(impl.limits.guess()) * factor(impl.epochs, epochs, impl.epoch_levels(at)),
                                  impl.limits.least, impl.limits.most);
      const double epoch = impl.epoch_of(device, at) * factor(device.seconds, seconds, levels);
      drawn[static_cast<std::size_t>(i)].push_back(
          conditions * (n * epoch + impl.rest_of(device, at) * factor(device.rest, rest, levels)));
    }
  }
  return drawn;
}

}  // namespace mtlgrid
