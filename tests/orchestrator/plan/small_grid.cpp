#include "tests/orchestrator/plan/small_grid.h"

#include <fmt/format.h>

#include <vector>

#include "datasets/synthetic/synth_features.h"

namespace mtlgrid::testing {
namespace {

constexpr std::uint16_t kOne = 0x3c00;  // float16 1

constexpr const char* kSmallGrid = R"([grid]
store = results/grid.db
[cohort.A]
clini = A/clini.csv
slides = A/slide.csv
features = A/feats
[cohort.B]
clini = B/clini.csv
slides = B/slide.csv
features = B/feats
[biomarker.MSI]
train = A
external = B
label = status
positive = pos
negative = neg
auxiliaries = LF
[model]
d_model = 8
heads = 2
ff = 8
[train]
epochs = 1
)";

}  // namespace

SmallGrid::SmallGrid() {
  scratch_.write("c.ini", kSmallGrid);
  cohort("A", 20);
  cohort("B", 6);
}

void SmallGrid::cohort(const std::string& name, int patients) const {
  std::string clini = "PATIENT,status,LF\n", slides = "PATIENT,FILENAME\n";
  for (int i = 0; i < patients; ++i) {
    const std::string patient = fmt::format("{}{:02}", name, i);
    clini += fmt::format("{},{},{}\n", patient, i % 2 == 0 ? "pos" : "neg", 0.5 + i);
    slides += fmt::format("{0},{0}.h5\n", patient);
    features(fmt::format("{}/feats/{}.h5", name, patient), 2, 4, static_cast<std::uint16_t>(kOne + i));
  }
  scratch_.write(name + "/clini.csv", clini);
  scratch_.write(name + "/slide.csv", slides);
}

void SmallGrid::replace(const std::string& name, const std::string& from, const std::string& to) const {
  std::ifstream stream(path(name), std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(stream), {}};
  const auto at = text.find(from);
  if (at == std::string::npos) throw std::runtime_error(name + " has no '" + from + "'");
  scratch_.write(name, text.replace(at, from.size(), to));
}

void SmallGrid::features(const std::string& name, int tiles, std::int64_t width, std::uint16_t value,
                         const std::string& extractor) const {
  std::filesystem::create_directories(path(name).parent_path());
  std::filesystem::remove(path(name));
  const std::vector<std::uint16_t> values(static_cast<std::size_t>(tiles * width), value);
  write_features(path(name), values, width, StampLayout::v2, extractor);
}

void SmallGrid::fixture(const std::string& name, const std::string& fixture) const {
  std::filesystem::copy_file(std::filesystem::path(MTLGRID_SOURCE) / "tests/datasets/fixtures" / fixture, path(name),
                             std::filesystem::copy_options::overwrite_existing);
}

}  // namespace mtlgrid::testing
