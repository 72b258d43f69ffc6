#include "orchestrator/plan_report.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <numeric>

#include "orchestrator/cost.h"
#include "orchestrator/initial_weights.h"
#include "results/query.h"
#include "results/reading.h"
#include "trainer/flops.h"

namespace mtlgrid {
namespace {

// One CPU core on bags of some ten tiles (docs/performance.md); larger ones reach twice as much and more.
constexpr double kAssumedFlops = 40e9;
// A guess for a shared file system, for the time that a checkpoint takes.
constexpr double kAssumedBytesPerSecond = 100e6;
constexpr double kSignalMargin = 90;  // seconds; found by trying: delivery of the signal, the coordinator's commit
constexpr std::array<int, 7> kWorkers = {1, 2, 4, 8, 16, 32, 64};

std::string bytes_text(double bytes) {
  constexpr std::array<const char*, 5> kUnits = {"B", "kB", "MB", "GB", "TB"};
  std::size_t unit = 0;
  while (bytes >= 1000 && unit + 1 < kUnits.size()) {
    bytes /= 1000;
    ++unit;
  }
  return fmt::format("{:.{}f} {}", bytes, unit == 0 || bytes >= 100 ? 0 : 1, kUnits[unit]);
}

std::string time_text(double seconds) {
  if (seconds < 1) return "under 1 s";
  const auto s = static_cast<long long>(std::ceil(seconds));
  if (s < 60) return fmt::format("{} s", s);
  if (s < 3600) return fmt::format("{} min {:02} s", s / 60, s % 60);
  return fmt::format("{} h {:02} min", s / 3600, s / 60 % 60);
}

std::string with_separators(std::int64_t number) {
  std::string text = std::to_string(number);
  for (auto at = static_cast<std::ptrdiff_t>(text.size()) - 3; at > 0; at -= 3) {
    text.insert(static_cast<std::size_t>(at), 1, ',');
  }
  return text;
}

std::string settings(const Plan& plan) {
  const Config& c = plan.config;
  std::string text = fmt::format("Configuration {}\n", c.file.string());
  text += fmt::format("  store     {}\n", c.store.string());
  text += fmt::format("  seeds     {} (splits {}), protocol {}\n", c.seed, c.split_seed, c.protocol.name);
  text += fmt::format("  model     d_model {}, heads {}, ff {}, layers {}+{}, dropout {}\n", c.model.d_model,
                      c.model.heads, c.model.ff, c.model.encoder_layers, c.model.decoder_layers, c.model.dropout);
  for (const Cohort& cohort : plan.cohorts) {
    text += fmt::format("            {} weights for the {} features a tile of {}{}\n",
                        with_separators(parameter_count(c.model, cohort.width)), cohort.width, cohort.files.name,
                        cohort.extractor.empty() ? "" : fmt::format(" ({})", cohort.extractor));
  }
  text += fmt::format(
      "  training  {} epochs at most, patience {}, lr {}, weight decay {}, validation {}, device {}, "
      "threads a trainer {}\n",
      c.train.epochs, c.train.patience, c.train.lr, c.train.weight_decay, c.train.validation, c.run.device,
      c.run.threads);
  text += fmt::format("  bootstrap {} resamples, confidence {}\n", c.bootstrap.resamples, c.bootstrap.confidence);
  const std::vector<std::string> used = c.used_cohorts();
  for (const CohortFiles& files : c.cohorts) {
    if (std::find(used.begin(), used.end(), files.name) == used.end()) {
      text += fmt::format("  note      cohort {} is used by no biomarker and was not read\n", files.name);
    }
  }
  return text;
}

std::string grid(const Plan& plan) {
  return fmt::format("Grid {}\n  {} pairs x {} methods x {} folds = {} cells\n  methods: {}\n",
                     plan.grid.identity.substr(0, 12), plan.experiment.pairs.size(), plan.config.methods.size(),
                     plan.config.folds, plan.grid.cells.size(), fmt::join(plan.config.methods, ", "));
}

std::vector<std::optional<std::string>> patients_row(const Plan& plan, const Pair& pair, const PairCohort& rows,
                                                     const char* role) {
  const Cohort& cohort = plan.cohorts[static_cast<std::size_t>(rows.cohort)];
  std::int64_t slides = 0, tiles = 0;
  for (const int index : rows.patient) {
    const Patient& patient = cohort.patients[static_cast<std::size_t>(index)];
    slides += static_cast<std::int64_t>(patient.slides.size());
    tiles += patient.tiles();
  }
  const auto targets = std::count_if(rows.target.begin(), rows.target.end(), [](double t) { return !std::isnan(t); });
  const auto positive = std::count(rows.label.begin(), rows.label.end(), 1);
  return {pair.biomarker + "/" + pair.auxiliary,
          cohort.files.name,
          role,
          std::to_string(rows.patient.size()),
          std::to_string(positive),
          std::to_string(targets),
          std::to_string(slides),
          with_separators(tiles)};
}

std::string patients(const Plan& plan) {
  QueryResult table{{"pair", "cohort", "role", "patients", "positive", "with auxiliary", "slides", "tiles"}, {}};
  for (const Pair& pair : plan.experiment.pairs) {
    table.rows.push_back(patients_row(plan, pair, pair.training, "train"));
    for (const PairCohort& e : pair.external) table.rows.push_back(patients_row(plan, pair, e, "external"));
  }
  return "Patients\n" + render(table, QueryFormat::table);
}

// Reasons that name a row of a table differ in its number alone.
std::string without_row_number(const std::string& reason) {
  if (!reason.starts_with("row ")) return reason;
  const auto end = reason.find_first_not_of("0123456789", 4);
  return end == std::string::npos ? reason : "a" + reason.substr(end).insert(0, " row");
}

// A file holds the weights of one pair; `run --only` leaves the others out. Throws InputError if it fits none.
std::string initial_weights(const Plan& plan) {
  const InitialWeights& init = plan.experiment.init;
  if (init.file.empty()) return "";
  std::string text = fmt::format("Initial weights out of {} ({})\n", init.file, init.hash.substr(0, 12));
  bool any = false;
  const PairProblems found = initial_weights_problems(plan, plan.grid.cells);
  for (const auto& [pair, problems] : found) {
    any = any || problems.empty();
    text += fmt::format("  {} {}\n", pair,
                        problems.empty() ? "fits" : fmt::format("does not fit: {}", fmt::join(problems, "; ")));
  }
  if (!any) throw_if_any(found);
  return text + "\n";
}

std::string drops(const Plan& plan, bool every_drop) {
  if (plan.grid.drops.empty()) return "Dropped: nothing\n";
  return fmt::format("Dropped{}\n{}", every_drop ? "" : " (--drops names each)",
                     drops_table(plan.grid.drops, every_drop));
}

// Of one network's weights in float32, as they are kept.
double weight_bytes(const Plan& plan) {
  std::int64_t most = 0;
  for (const Cohort& cohort : plan.cohorts) most = std::max(most, parameter_count(plan.config.model, cohort.width));
  return 4.0 * static_cast<double>(most);
}

// Weights, AdamW's two moments and the best weights, in the training's type.
double checkpoint_bytes(const Plan& plan) {
  return 4 * weight_bytes(plan) * (plan.config.train.precision == "fp64" ? 2 : 1);
}

// The most cells that a trainer trains at the same time: `auto` packs on a GPU alone.
int largest_pack(const Plan& plan) {
  if (plan.config.run.pack > 0) return plan.config.run.pack;
  return plan.config.run.device == "cpu" ? 1 : static_cast<int>(plan.config.methods.size());
}

// Rows that the cells leave in the store: a prediction takes about 150 bytes with its index, an embedding 4 a value
// and as much again as a prediction; three copies: journal, database, snapshot.
double store_bytes(const Plan& plan) {
  double patients = 0;
  for (const Pair& pair : plan.experiment.pairs) {
    double evaluated = static_cast<double>(pair.training.patient.size()) / plan.config.folds;
    for (const PairCohort& e : pair.external) evaluated += static_cast<double>(e.patient.size());
    patients += evaluated * plan.config.folds * static_cast<double>(plan.config.methods.size());
  }
  return 3 * patients * (2 * 150.0 + 4.0 * plan.config.model.d_model);
}

std::string space(const Plan& plan) {
  const double weights = weight_bytes(plan);
  const bool kept = plan.config.run.keep_weights == "best";
  const double all = kept ? weights * static_cast<double>(plan.grid.cells.size()) : 0;
  return fmt::format(
      "Disk space (estimates)\n  {} while a cell is trained, twice that while it is saved: its weights, AdamW's two "
      "moments and the best weights\n"
      "  {} for the best weights of all cells (train.keep_weights = {})\n"
      "  {} for the store, its journal and its snapshot\n",
      bytes_text(checkpoint_bytes(plan)), bytes_text(all), plan.config.run.keep_weights, bytes_text(store_bytes(plan)));
}

// docs/performance.md has the measurement.
std::string threads_advice(const RunSettings& run) {
  constexpr const char* kMeasured = "two workers of one thread take 1.1 to 1.3 times the steps of one with two threads";
  if (run.device == "cuda") return "";
  if (run.threads == 1) return fmt::format("  On CPUs: a worker for each core, of one thread ({})\n", kMeasured);
  return fmt::format(
      "  On CPUs: train.threads = 1 and more workers would be faster ({});\n"
      "  more threads are for networks or bags of which a node cannot hold one for each core\n",
      kMeasured);
}

std::string times(const Plan& plan, const WorkerSpeed& speed) {
  std::vector<double> costs;
  for (const Cell& cell : plan.grid.cells) costs.push_back(expected_cost(plan, cell));
  const double one = makespan(costs, 1);
  QueryResult table{{"workers", "expected time", "speed-up"}, {}};
  for (const int workers : kWorkers) {
    const double work = makespan(costs, workers);
    table.rows.push_back(
        {std::to_string(workers), time_text(work / speed.flops), work > 0 ? fmt::format("{:.1f}", one / work) : "1.0"});
  }
  const std::string basis =
      speed.measured_cells > 0
          ? fmt::format("at the speed of the {} cells that are done", speed.measured_cells)
          : fmt::format(
                "relative: nothing is measured yet; {:.0f} GFLOP/s a worker are assumed, small models are slower",
                speed.flops / 1e9);
  return fmt::format("Expected times of the whole grid without early stopping ({})\n{}{}", basis,
                     render(table, QueryFormat::table), threads_advice(plan.config.run));
}

// On the CPU a stop is heard when each member of the pack has taken its step; on a GPU they take it together.
std::string signal_lead(const Plan& plan, const WorkerSpeed& speed) {
  const RunSettings& run = plan.config.run;
  const int in_turn = run.device == "cuda" ? 1 : std::max(1, run.pack);
  const double step = in_turn * longest_step_flops(plan) / speed.flops;
  const int members = largest_pack(plan);
  const double save = members * checkpoint_bytes(plan) / kAssumedBytesPerSecond;
  const auto t = static_cast<long long>(std::ceil(step + save + kSignalMargin));
  return fmt::format(
      "Walltime signal: #SBATCH --signal=B:USR1@{}\n  longest step {} (largest bag: {} tiles), saving {} ({} at {} a "
      "second; as much again for every further trainer of the file system), margin {:.0f} s\n",
      t, time_text(step), with_separators(largest_bag(plan)), time_text(save),
      members == 1 ? "one cell" : fmt::format("up to {} cells of a trainer", members),
      bytes_text(kAssumedBytesPerSecond), kSignalMargin);
}

}  // namespace

std::string drops_table(const std::vector<GridRecord::DropRow>& drops, bool every_drop) {
  const auto pair_of = [](const GridRecord::DropRow& row) {
    return row.biomarker.empty() ? "(all)" : row.biomarker + "/" + row.auxiliary;
  };
  if (every_drop) {
    QueryResult table{{"cohort", "pair", "patient", "slide", "reason"}, {}};
    for (const auto& row : drops) {
      table.rows.push_back({row.drop.cohort, pair_of(row), row.drop.patient, row.drop.slide, row.drop.reason});
    }
    return render(table, QueryFormat::table);
  }
  std::map<std::array<std::string, 4>, int> counts;
  for (const auto& row : drops) {
    const char* what = row.drop.slide.empty() ? "patients" : "slides";
    ++counts[{row.drop.cohort, pair_of(row), what, without_row_number(row.drop.reason)}];
  }
  QueryResult table{{"cohort", "pair", "what", "count", "reason"}, {}};
  for (const auto& [key, count] : counts) {
    table.rows.push_back({key[0], key[1], key[2], std::to_string(count), key[3]});
  }
  return render(table, QueryFormat::table);
}

std::string plan_report(const Plan& plan, const std::optional<WorkerSpeed>& measured, bool every_drop) {
  const WorkerSpeed speed = measured.value_or(WorkerSpeed{kAssumedFlops, 0});
  return settings(plan) + "\n" + grid(plan) + "\n" + patients(plan) + "\n" + initial_weights(plan) +
         drops(plan, every_drop) + "\n" + space(plan) + "\n" + times(plan, speed) + "\n" + signal_lead(plan, speed);
}

std::optional<WorkerSpeed> measured_speed(const Plan& plan) {
  if (!std::filesystem::exists(readable_store(plan.config.store))) return std::nullopt;
  const Database database = open_for_reading(plan.config.store);
  // Epochs alone: they are whole after a resumption too. Those of a pack are the pack's, shared by its members.
  Statement done = database.prepare(
      "SELECT c.biomarker, c.auxiliary, c.method, c.fold, count(*), sum(e.seconds) / a.pack FROM cells c "
      "JOIN grids g USING (grid_id) JOIN attempts a ON a.cell_id = c.cell_id AND a.attempt = c.result_attempt "
      "JOIN epochs e ON e.cell_id = c.cell_id AND e.attempt = c.result_attempt "
      "WHERE g.identity = ? AND c.state = 'done' GROUP BY c.cell_id HAVING sum(e.seconds) > 0");
  done.bind_all(plan.grid.identity);
  double flops = 0, seconds = 0;
  int cells = 0;
  for (; done.step(); ++cells) {
    const Cell cell{done.text(0), done.text(1), done.text(2), static_cast<int>(done.integer(3))};
    flops += done.real(4) * epoch_cost(plan, cell);
    seconds += done.real(5);
  }
  if (seconds <= 0) return std::nullopt;
  return WorkerSpeed{flops / seconds, cells};
}

}  // namespace mtlgrid
