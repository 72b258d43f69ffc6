#include "orchestrator/commands/plan_report.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <map>
#include <set>

#include "base/text.h"
#include "datasets/cohorts/cohort_level.h"
#include "orchestrator/commands/data_notes.h"
#include "orchestrator/commands/other_grids.h"
#include "orchestrator/commands/plan_classes.h"
#include "orchestrator/commands/plan_sites.h"
#include "orchestrator/durations/checkpoint_lead.h"
#include "orchestrator/durations/cost.h"
#include "orchestrator/durations/plan_times.h"
#include "orchestrator/plan/disk_space.h"
#include "orchestrator/plan/initial_weights.h"
#include "orchestrator/plan/unnamed_files.h"
#include "results/status/query_render.h"
#include "results/store/cell_columns.h"
#include "results/store/measured.h"
#include "results/store/reading.h"
#include "trainer/contract/flops.h"

namespace mtlgrid {
namespace {

// Seconds until Slurm has delivered a walltime signal and the program has received it; measured.
constexpr double kSignalMargin = 65;

std::string settings(const Plan& plan) {
  const Config& c = plan.config;
  std::string text = fmt::format("Configuration {}\n", c.file.string());
  text += fmt::format("  store     {}\n", c.store.string());
  text += fmt::format("  seeds     {} (splits {}), protocol {}\n", c.seed, c.split_seed, c.protocol.name);
  text += fmt::format("  model     d_model {}, heads {}, ff {}, layers {}+{}, dropout {}\n", c.model.d_model,
                      c.model.heads, c.model.ff, c.model.encoder_layers, c.model.decoder_layers, c.model.dropout);
  for (const Cohort& cohort : plan.cohorts) {
    text += fmt::format("            {} weights for the {} features per tile of {}{}\n",
                        with_separators(parameter_count(c.model, cohort.width)), cohort.width, cohort.files.name,
                        cohort.extractor.empty() ? "" : fmt::format(" ({})", cohort.extractor));
  }
  text += fmt::format(
      "  training  {} epochs at most, patience {}, lr {}, weight decay {}, validation {}, device {}, "
      "threads per trainer {}\n",
      c.train.epochs, c.train.patience, c.train.lr, c.train.weight_decay, c.train.validation, c.run.device,
      c.run.threads);
  text += fmt::format("  bootstrap {} resamples, confidence {}\n", c.bootstrap.resamples, c.bootstrap.confidence);
  const std::vector<std::string> used = c.used_cohorts();
  for (const CohortFiles& files : c.cohorts) {
    if (std::find(used.begin(), used.end(), files.name) == used.end()) {
      text += fmt::format("  note      no biomarker uses cohort {}, so it was not read\n", files.name);
    }
  }
  return text;
}

// "5 folds"; "3 to 5 folds" where pairs have different numbers of site groups.
std::string folds(const Plan& plan) {
  std::size_t least = static_cast<std::size_t>(plan.config.folds);
  for (const Pair& pair : plan.experiment.pairs) least = std::min(least, pair.folds.size());
  const std::string most = counted(plan.config.folds, "fold");
  return static_cast<int>(least) == plan.config.folds ? most : fmt::format("{} to {}", least, most);
}

std::string grid(const Plan& plan) {
  const int repeats = plan.config.repeats;
  return fmt::format("Grid {}\n  {} x {} x {}{} = {}\n  methods: {}\n", plan.grid.identity.substr(0, 12),
                     counted(std::ssize(plan.experiment.pairs), "pair"),
                     counted(std::ssize(plan.config.methods), "method"), folds(plan),
                     repeats > 1 ? " x " + counted(repeats, "repeat") : "",
                     counted(std::ssize(plan.grid.cells), "cell"), fmt::join(plan.config.methods, ", "));
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

// How the tiles of each cohort were cut, by which tool, and how many files say so.
std::string geometry(const Plan& plan) {
  QueryResult table{{"cohort", "features of", "geometry", "tool", "extractor", "files"}, {}};
  const auto said = [](const std::string& text) { return text.empty() ? "not said" : printable(text); };
  for (const Cohort& cohort : plan.cohorts) {
    for (const GeometryGroup& group : cohort.geometries) {
      table.rows.push_back({cohort.files.name, level_name(cohort.level), said(geometry_text(group.geometry)),
                            said(tool_text(group.geometry)), said(group.extractor), std::to_string(group.files)});
    }
  }
  return "Features\n" + render(table, QueryFormat::table);
}

// Reasons that name a row of a table differ only in its number.
std::string without_row_number(const std::string& reason) {
  if (!reason.starts_with("row ")) return reason;
  const auto end = reason.find_first_not_of("0123456789", 4);
  return end == std::string::npos ? reason : "a" + reason.substr(end).insert(0, " row");
}

// The file holds the weights of one pair; `run --only` excludes the others. Throws InputError if it fits no pair.
std::string initial_weights(const Plan& plan) {
  const InitialWeights& init = plan.experiment.init;
  if (init.file.empty()) return "";
  std::string text = fmt::format("Initial weights from {} ({})\n", init.file, init.hash.substr(0, 12));
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

// With the feature files that no row names.
std::string drops(const Plan& plan, bool every_drop) {
  std::vector<GridRecord::DropRow> rows = plan.grid.drops;
  std::string notes;
  for (const std::string& line : file_notes(plan)) notes += fmt::format("  note: {}\n", line);
  for (const UnnamedFiles& found : every_drop ? unnamed_files(plan) : std::vector<UnnamedFiles>()) {
    for (const std::string& file : found.files) rows.push_back({"", "", {found.cohort, "", file, "named by no row"}});
  }
  if (rows.empty()) return "Dropped: nothing\n" + notes;
  return fmt::format("Dropped{}\n{}{}", every_drop ? "" : " (--drops lists them)", drops_table(rows, every_drop),
                     notes);
}

// What may be a mistake, though it refuses nothing.
std::string warnings(const Plan& plan) {
  std::string text;
  for (const Cohort& cohort : plan.cohorts) {
    for (const std::string& line : cohort.warnings) text += fmt::format("  {}: {}\n", cohort.files.name, line);
  }
  return text.empty() ? "" : "Warnings\n" + text + "\n";
}

std::string space(const Plan& plan) {
  const double weights = weight_bytes(plan);
  const bool kept = plan.config.run.keep_weights == "best";
  const double all = kept ? weights * static_cast<double>(plan.grid.cells.size()) : 0;
  return fmt::format(
      "Disk space (estimates)\n  {} per cell in training, twice that while it is saved: its weights, AdamW's two "
      "moments and the best weights\n"
      "  {} for the best weights of all cells (train.keep_weights = {})\n"
      "  {} for the store, its journal and its snapshot\n",
      bytes_text(checkpoint_bytes(plan)), bytes_text(all), plan.config.run.keep_weights, bytes_text(store_bytes(plan)));
}

// docs/measurements.md has the measurement.
std::string threads_advice(const RunSettings& run) {
  constexpr const char* kMeasured = "two trainers of one thread do 1.1 to 1.3 times the steps of one with two threads";
  if (run.device == "cuda") return "";
  if (run.threads == 1) return fmt::format("  On CPUs: one trainer per core, each with one thread ({})\n", kMeasured);
  return fmt::format(
      "  On CPUs: train.threads = 1 and more trainers would be faster ({});\n"
      "  use more threads only if a node's memory cannot hold a network and its bags per core\n",
      kMeasured);
}

std::string signal_lead(const Plan& plan, const DurationModel& durations) {
  const CheckpointLead lead = checkpoint_lead(plan, durations);
  return fmt::format(
      "Walltime signal: #SBATCH --signal=B:USR1@{:.0f}\n  longest step {} (largest bag: {} tiles), saving {} ({} at {} "
      "per second; every further trainer on the same file system adds as much), margin {:.0f} s\n",
      std::ceil(lead.seconds() + kSignalMargin), estimated_duration(lead.step), with_separators(largest_bag(plan)),
      estimated_duration(lead.save),
      lead.saved == 1 ? "one cell" : fmt::format("up to {} cells of a trainer", lead.saved),
      bytes_text(kAssumedBytesPerSecond), lead.margin + kSignalMargin);
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
  // By cohort, biomarker, what and reason: how many in which pair.
  std::map<std::array<std::string, 4>, std::map<std::string, int>> counts;
  for (const auto& row : drops) {
    const char* what = row.drop.slide.empty() ? "patients" : "slides";
    ++counts[{row.drop.cohort, row.biomarker, what, without_row_number(row.drop.reason)}][pair_of(row)];
  }
  QueryResult table{{"cohort", "pair", "what", "count", "reason"}, {}};
  for (const auto& [key, pairs] : counts) {
    std::map<int, std::vector<std::string>> same;
    for (const auto& [pair, count] : pairs) same[count].push_back(pair);
    for (const auto& [count, names] : same) {
      const std::string pair = names.size() == 1 ? names[0] : fmt::format("{} ({} pairs)", key[1], names.size());
      table.rows.push_back({key[0], pair, key[2], std::to_string(count), key[3]});
    }
  }
  return render(table, QueryFormat::table);
}

std::string plan_report(const Plan& plan, const PlanStanding& standing, bool every_drop) {
  return settings(plan) + "\n" + grid(plan) +
         (standing.other_grids.empty() ? "" : fmt::format("{}\n", fmt::join(standing.other_grids, "\n"))) + "\n" +
         patients(plan) + "\n" + geometry(plan) + "\n" + site_groups_text(plan) + classes_text(plan) + "\n" +
         auxiliary_values_text(plan) + "\n" + inferred_text(plan) + "\n" + initial_weights(plan) +
         drops(plan, every_drop) + "\n" + warnings(plan) + space(plan) + "\n" +
         times_text(plan, standing.durations, standing.left) + threads_advice(plan.config.run) + "\n" +
         signal_lead(plan, standing.durations);
}

PlanStanding plan_standing(const Plan& plan) {
  PlanStanding standing{DurationModel(plan), plan.grid.cells};
  if (!std::filesystem::exists(readable_store(plan.config.store))) return standing;
  const Database database = open_for_reading(plan.config.store);
  standing.other_grids = other_grids(plan, database);
  Statement known = database.prepare("SELECT grid_id FROM grids WHERE identity = ?");
  known.bind_all(plan.grid.identity);
  if (!known.step()) return standing;
  standing.durations.learn(read_measured(database, known.integer(0)));
  const std::vector<Cell> found = cells_of(database, known.integer(0), true);
  const std::set<Cell> done(found.begin(), found.end());
  std::erase_if(standing.left, [&](const Cell& cell) { return done.count(cell) > 0; });
  return standing;
}

}  // namespace mtlgrid
