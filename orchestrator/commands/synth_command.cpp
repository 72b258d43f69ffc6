// The command `synth`: synthetic cohorts and a configuration for them.
#include <fmt/format.h>

#include <iostream>
#include <limits>

#include "datasets/synth.h"
#include "orchestrator/commands/command_options.h"
#include "orchestrator/commands/commands.h"

namespace mtlgrid {

int run_synth(const std::vector<std::string>& arguments) {
  const SynthSettings defaults;
  CommandOptions options("synth");
  options.argument("OUT", "folder to make; it must not exist or be empty")
      .number("patients", "N", "patients of each training cohort", defaults.patients)
      .number("tiles", "N", "median number of tiles a slide", defaults.tiles)
      .number("features", "D", "features a tile", defaults.features)
      .number("seed", "S", "seed of everything random", static_cast<long long>(defaults.seed));
  if (!options.parse(arguments)) return 0;
  SynthSettings settings;
  settings.patients = static_cast<int>(options.number_in("patients", 1, 1'000'000));
  settings.tiles = static_cast<int>(options.number_in("tiles", 1, 1'000'000));
  settings.features = static_cast<int>(options.number_in("features", 1, 100'000));
  settings.seed = static_cast<std::uint64_t>(options.number_in("seed", 0, std::numeric_limits<long long>::max()));
  const std::filesystem::path out = options.get<std::string>("OUT");
  write_synthetic(out, settings);
  std::cout << fmt::format("{}\n", (out / "grid.ini").string());
  return 0;
}

}  // namespace mtlgrid
