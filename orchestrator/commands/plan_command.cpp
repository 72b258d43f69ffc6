#include "orchestrator/commands/plan_command.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <optional>
#include <vector>

#include "base/output_file.h"
#include "base/telling.h"
#include "base/text.h"
#include "orchestrator/commands/command_options.h"
#include "orchestrator/commands/plan_report.h"
#include "orchestrator/plan/written_splits.h"
#include "orchestrator/scheduler/store_folder.h"
#include "orchestrator/session/feature_process.h"
#include "results/store/store_place.h"

namespace mtlgrid {
namespace {

// What `plan` reads.
std::vector<std::filesystem::path> inputs_of(const Config& config) {
  std::vector<std::filesystem::path> inputs = {config.file, config.init};
  for (const CohortFiles& cohort : config.cohorts) {
    inputs.push_back(cohort.clini);
    inputs.push_back(cohort.slides);
  }
  for (const BiomarkerConfig& biomarker : config.biomarkers) inputs.push_back(biomarker.splits);
  std::erase_if(inputs, [](const std::filesystem::path& path) { return path.empty(); });
  return inputs;
}

void declare_plan(CommandOptions& options) {
  options.argument("CONFIG", "configuration file")
      .init()
      .flag("drops", "list every dropped patient and slide instead of counting them")
      .option("write-splits", "FILE", "write the folds as a splits.json of STAMP, one file for each different set");
}

// Writes the files of --write-splits; returns what to say of them. `named` was looked at before the data were read.
std::string write_splits(const Plan& plan, const std::filesystem::path& named, const OutputFile& whole) {
  const std::vector<WrittenSplits> all = written_splits(plan, named);
  if (all.size() > 1 && !whole.replaced()) {
    throw InputError(
        fmt::format("--write-splits: {} pairs or biomarkers have different folds, which make a file each; "
                    "name a plain file instead of {}",
                    all.size(), named.string()));
  }
  const std::vector<std::filesystem::path> inputs = inputs_of(plan.config);
  std::vector<OutputFile> files;
  for (const WrittenSplits& w : all) {
    refuse_input("--write-splits", w.file, inputs);
    refuse_place_of_store("--write-splits", w.file, plan.config.store);
    files.emplace_back("--write-splits", w.file);
  }
  std::string said = "\nSplits written\n";
  for (std::size_t i = 0; i < all.size(); ++i) {
    files[i].write(FileCalls::real(), all[i].text);
    said += fmt::format("  {}: {}\n", all[i].file.string(), fmt::join(all[i].pairs, ", "));
  }
  return said;
}

int execute_plan(const CommandOptions& options) {
  Config config = load_config(options.get<std::string>("CONFIG"));
  if (options.has("init")) config.init = options.path("init");
  std::optional<OutputFile> out;
  if (options.has("write-splits")) out.emplace("--write-splits", options.path("write-splits"));
  check_store_place(config.store);
  FingerprintMemory memory = FingerprintMemory::load(fingerprint_file(config.store));
  const Plan plan = make_plan(config, memory, *feature_process());
  std::string report = plan_report(plan, plan_standing(plan), options.has("drops"));
  if (out) report += write_splits(plan, options.path("write-splits"), *out);
  put_result(printable_lines(report));
  return 0;
}

}  // namespace

Command plan_command() {
  return {"plan", "checks everything that a run needs and reports what it would do; writes nothing but --write-splits",
          "mtlgrid plan grid.ini", declare_plan, execute_plan};
}

}  // namespace mtlgrid
