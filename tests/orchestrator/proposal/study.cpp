#include "tests/orchestrator/proposal/study.h"

#include <fmt/format.h>

#include <cstdint>
#include <fstream>

#include "base/errors.h"
#include "datasets/features/feature_disk.h"
#include "datasets/synthetic/synth_features.h"
#include "orchestrator/proposal/propose.h"

namespace mtlgrid::testing {

namespace fs = std::filesystem;

void Study::features(const std::string& relative, const std::string& extractor, std::int64_t width) {
  const fs::path file = folder() / relative;
  fs::create_directories(file.parent_path());
  const std::vector<std::uint16_t> values(static_cast<std::size_t>(2 * width), 0x3c00);
  write_features(file, values, width, StampLayout::v2, extractor);
}

void Study::layout(const std::string& relative, const std::string& name) {
  const fs::path file = folder() / relative;
  fs::create_directories(file.parent_path());
  fs::copy_file(fs::path(MTLGRID_SOURCE) / "tests/datasets/fixtures/layouts" / name, file);
}

void Study::table(const std::string& relative, const std::string& header, int patients,
                  const std::function<std::string(int)>& row) {
  std::string text = header + "\n";
  for (int i = 0; i < patients; ++i) text += row(i) + "\n";
  scratch_.write(relative, text);
}

const Proposal& Study::propose() {
  const fs::path out = folder() / "grid.ini";
  DirectReader reader(FeatureDisk::real());
  proposal_ = mtlgrid::propose({folder()}, out, reader);
  std::ofstream(out) << proposal_.configuration;
  for (const auto& [file, content] : proposal_.slide_tables) std::ofstream(file) << content;
  return proposal_;
}

Config Study::config() const { return load_config(folder() / "grid.ini"); }

std::vector<std::string> Study::problems() {
  try {
    propose();
  } catch (const InputError& e) {
    return e.problems();
  }
  return {};
}

std::string patient(int i) { return fmt::format("P{:02}", i); }

std::string clini_row(int i, const std::string& positive, const std::string& negative) {
  return fmt::format("{},{},{}.5", patient(i), i % 3 == 0 ? positive : negative, i);
}

}  // namespace mtlgrid::testing
