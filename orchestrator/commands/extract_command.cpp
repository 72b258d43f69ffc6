#include "orchestrator/commands/extract_command.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <optional>

#include "base/clock.h"
#include "base/exit_status.h"
#include "base/telling.h"
#include "base/text.h"
#include "orchestrator/commands/command_options.h"
#include "orchestrator/commands/grid_run.h"
#include "orchestrator/extraction/leftovers.h"
#include "orchestrator/extraction/slide_plan.h"
#include "orchestrator/session/feature_process.h"
#include "orchestrator/session/trainer_executable.h"
#include "results/status/query_render.h"
#include "results/store/layout.h"
#include "results/store/store.h"
#include "results/store/store_place.h"
#include "trainer/process/environment.h"

namespace mtlgrid {
namespace {

// The slide's file was there before the run, whole.
CellResult present_result(const StoredCell& stored, const SlideRecord& present) {
  CellResult result;
  result.cell = stored.cell;
  result.attempt = stored.attempts + 1;
  result.environment = host_environment();
  result.environment.device = "none";
  result.environment.libraries = "none: the feature file was there";
  result.started = result.ended = Clock::real().now();
  result.slide = present;
  return result;
}

// Feature files that are there and that the store does not know are entered into it. Returns how many.
int enter_present(Store& store, const SlidePlan& plan) {
  int entered = 0;
  for (const StoredCell& stored : store.cells()) {
    const auto present = plan.present.find(stored.cell.name());
    if (present == plan.present.end() || stored.state == CellState::done) continue;
    store.commit_result(present_result(stored, present->second));
    ++entered;
  }
  return entered;
}

// Whether a slide that is done must be done again: its feature file is not there, or it gave none and is another file.
bool must_be_redone(const Store& store, const SlidePlan& plan, const Cell& cell) {
  if (plan.present.count(cell.name()) != 0) return false;
  const std::optional<SlideRecord> record = store.result_of(cell).slide;
  const std::int64_t bytes = plan.experiment.extraction->slide_of(cell).slide.bytes;
  const bool replaced = record && record->bytes > 0 && record->bytes != bytes;
  return !record || replaced || !record->feature_file.empty();
}

std::string next_command(const Config& config) {
  const std::string file = shell_word(config.file.string());
  return config.biomarkers.empty() ? fmt::format("write [biomarker.NAME] into {}, then mtlgrid plan {}", file, file)
                                   : "mtlgrid run " + file;
}

// What would be done, by cohort; nothing is written.
int check_slides(const SlidePlan& plan) {
  QueryResult table{{"cohort", "slides", "features there", "to extract", "features"}, {}};
  for (const SlideCohort& cohort : plan.experiment.extraction->cohorts) {
    const auto there = std::count_if(cohort.slides.begin(), cohort.slides.end(), [&](const SlideInput& slide) {
      return plan.present.count(Cell::of_slide(cohort.name, slide.name).name()) != 0;
    });
    const std::int64_t slides = std::ssize(cohort.slides);
    table.rows.push_back({cohort.name, with_separators(slides), with_separators(there), with_separators(slides - there),
                          cohort.features});
  }
  put_result(render(table, QueryFormat::table));
  for (const std::string& note : plan.notes) tell_message(note);
  return kAllDone;
}

// Runs on rank 0. Sets `all_alive` as soon as it is known.
int run_slides(GridRunOptions options, const std::vector<std::string>& cohorts, KeepAliveTransport& transport,
               bool& all_alive) {
  const Config config = load_config(options.config, ConfigUse::slides);
  check_store_place(config.store);
  std::optional<SlidePlan> made;
  transport.during([&] { made = make_slide_plan(config, cohorts, *feature_process()); });
  const SlidePlan plan = *std::move(made);
  const Extraction& extraction = *plan.experiment.extraction;
  options.trainers.devices = choose_devices(config.run, options.trainers.count, questions_to_machine());
  trainer_executable();
  Store store = open_store(config, transport);
  return with_written_end(store, [&] {
    for (const std::string& note : plan.notes) tell_message(note);
    store.use_grid(plan.grid);
    remove_leftovers(extraction);
    const int entered = enter_present(store, plan);
    if (entered > 0) tell_message(fmt::format("{} there already and kept", counted(entered, "feature file")));
    const std::string folder = grid_folder(config.store, store.grid_id());
    int redone = 0;
    const auto again = [&](const Cell& cell) {
      const bool redo = must_be_redone(store, plan, cell);
      redone += redo;
      return redo;
    };
    Selection selection = select_from(store, folder, plan.grid.cells, options.retry_failed, again);
    if (redone > 0)
      tell_message(
          fmt::format("{} extracted again: the feature file is gone or made otherwise", counted(redone, "slide")));
    for (QueuedCell& queued : selection.queued) {
      queued.cost = static_cast<double>(extraction.slide_of(queued.cell).slide.bytes);
    }
    tell_start(selection, {store, config, options, transport.size(), true});
    SessionInputs inputs{plan.config, plan.experiment, selection.queued, folder, redone > 0, {}};
    inputs.ends = options.ends;
    const SessionResult session = run_session(inputs, store, transport, options.trainers, all_alive);
    remove_leftovers(extraction);
    return end_run(store, selection, session, {true, config.store.string(), next_command(config)});
  });
}

void declare_extract(CommandOptions& options) {
  declare_grid_run(options, "slides");
  options.option("cohort", "NAMES", "only the slides of these cohorts, comma-separated")
      .flag("check", "print what would be extracted, or all problems, and write nothing");
}

int execute_extract(const CommandOptions& options) {
  const GridRunOptions wanted = grid_run_options(options);
  std::vector<std::string> cohorts;
  if (options.has("cohort")) cohorts = split_commas(options.get<std::string>("cohort"));
  if (options.has("check")) {
    return check_slides(make_slide_plan(load_config(wanted.config, ConfigUse::slides), cohorts, *feature_process()));
  }
  return on_all_ranks(wanted.trainers, {}, [&](KeepAliveTransport& transport, bool& all_alive) {
    return run_slides(wanted, cohorts, transport, all_alive);
  });
}

}  // namespace

Command extract_command() {
  return {"extract", "computes the features of whole-slide images, alone or under mpirun; run it again to resume",
          "mpirun -n 4 --bind-to none mtlgrid extract grid.ini --cohort TCGA-CRC", declare_extract, execute_extract};
}

}  // namespace mtlgrid
