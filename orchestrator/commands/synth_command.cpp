#include "orchestrator/commands/synth_command.h"

#include <fmt/format.h>

#include <limits>

#include "base/errors.h"
#include "base/telling.h"
#include "datasets/synthetic/synth.h"
#include "orchestrator/commands/command_options.h"

namespace mtlgrid {
namespace {

void declare_synth(CommandOptions& options) {
  const SynthSettings defaults;
  options.argument("OUT", "folder to create; an existing one must be empty")
      .number("patients", "N", "patients of each training cohort", defaults.patients)
      .number("tiles", "N", "median number of tiles per slide", defaults.tiles)
      .number("features", "D", "features per tile", defaults.features)
      .number("seed", "S", "seed of all random numbers", static_cast<long long>(defaults.seed))
      .flag("planted",
            "an effect to look for: poor training labels, auxiliaries that know better, and Null, which knows nothing")
      .flag("slides", "small whole-slide images of two cohorts in the place of features, for `mtlgrid extract`")
      .flag("embeddings", "one row a slide instead of tiles, as STAMP's encoders of slides write it");
}

int execute_synth(const CommandOptions& options) {
  SynthSettings settings;
  settings.patients = static_cast<int>(options.number_in("patients", 1, 1'000'000));
  settings.tiles = static_cast<int>(options.number_in("tiles", 1, 1'000'000));
  settings.features = static_cast<int>(options.number_in("features", 1, 100'000));
  settings.seed = static_cast<std::uint64_t>(options.number_in("seed", 0, std::numeric_limits<long long>::max()));
  settings.planted = options.has("planted");
  settings.embeddings = options.has("embeddings");
  settings.slides = options.has("slides");
  if (settings.slides && settings.embeddings) throw InputError("synth: give either --slides or --embeddings");
  const std::filesystem::path out = options.get<std::string>("OUT");
  if (out.empty()) throw InputError("synth: OUT is empty; expected the name of a folder");
  write_synthetic(out, settings);
  put_result(fmt::format("{}\n", (out / "grid.ini").string()));
  return 0;
}

}  // namespace

Command synth_command() {
  return {"synth", "writes synthetic cohorts in STAMP's format and a configuration for them",
          "mtlgrid synth demo --patients 60 --tiles 12", declare_synth, execute_synth};
}

}  // namespace mtlgrid
