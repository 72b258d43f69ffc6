#include "tests/datasets/support.h"

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include "datasets/cohorts/load_cohort.h"
#include "datasets/features/features.h"
#include "datasets/features/fingerprint.h"
#include "datasets/synthetic/synth_features.h"

namespace fs = std::filesystem;

namespace mtlgrid::testing {

TempFolder::TempFolder() {
  std::string name = (fs::temp_directory_path() / "mtlgrid-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
  path_ = name;
}

TempFolder::~TempFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

void write_text(const fs::path& file, const std::string& text) {
  fs::create_directories(file.parent_path());
  std::ofstream(file, std::ios::binary) << text;
}

KnownFeatures known(const std::filesystem::path& file) {
  const Bag bag = read_bag({file});
  return {file.string(), bag.tiles, hash_features(bag.values, bag.tiles, bag.width)};
}

std::string read_text(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

CohortOnDisk::CohortOnDisk(const std::string& name) {
  files_.name = name;
  files_.clini = folder_ / "clini.csv";
  files_.slides = folder_ / "slide.csv";
  files_.features = folder_ / "feats";
  fs::create_directories(files_.features);
}

CohortOnDisk& CohortOnDisk::clini(const std::string& text) {
  write_text(files_.clini, text);
  return *this;
}

CohortOnDisk& CohortOnDisk::slides(const std::string& text) {
  write_text(files_.slides, text);
  return *this;
}

CohortOnDisk& CohortOnDisk::file(const std::string& relative, int tiles, std::int64_t width,
                                 const std::string& extractor, std::uint16_t value) {
  fs::create_directories(feats(relative).parent_path());
  fs::remove(feats(relative));
  const std::vector<std::uint16_t> values(static_cast<std::size_t>(tiles * width), value);
  write_features(feats(relative), values, width, StampLayout::v2, extractor);
  return *this;
}

Cohort CohortOnDisk::load() {
  FingerprintMemory memory;
  Problems problems;
  Cohort cohort = load_cohort(files_, memory, problems);
  EXPECT_THAT(problems.lines(), ::testing::IsEmpty());
  return cohort;
}

std::vector<std::string> CohortOnDisk::problems() {
  FingerprintMemory memory;
  Problems problems;
  load_cohort(files_, memory, problems);
  return problems.lines();
}

std::vector<std::string> drops_of(const std::vector<Drop>& drops) {
  std::vector<std::string> out;
  for (const auto& drop : drops) out.push_back(drop.patient + "/" + drop.slide + ": " + drop.reason);
  return out;
}

std::vector<std::string> names_of(const Cohort& cohort) {
  std::vector<std::string> out;
  for (const auto& patient : cohort.patients) out.push_back(patient.name);
  return out;
}

}  // namespace mtlgrid::testing
