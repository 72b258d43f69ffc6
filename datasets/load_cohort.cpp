#include "datasets/load_cohort.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <new>
#include <optional>
#include <utility>

#include "datasets/feature_summary.h"
#include "datasets/features.h"
#include "datasets/fingerprint.h"
#include "datasets/half.h"
#include "datasets/join.h"
#include "datasets/read_table.h"

namespace mtlgrid {
namespace {

// A feature file of the cohort while it is checked. `info` is empty if its header is bad.
struct Candidate {
  std::filesystem::path path;
  std::string slide;  // name without folders and suffix
  std::optional<FeatureInfo> info;
  std::string hash;
};

void check_finite(const std::filesystem::path& file, const std::vector<std::uint16_t>& values, std::int64_t width) {
  const auto bad = std::find_if_not(values.begin(), values.end(), is_finite_half);
  if (bad == values.end()) return;
  const auto position = bad - values.begin();
  const auto count = std::count_if(bad, values.end(), [](std::uint16_t v) { return !is_finite_half(v); });
  throw InputError(fmt::format(
      "{}: feats[{}, {}] (tile and feature, from 0) is not finite as float16, nor are {} other values; expected finite "
      "numbers up to 65504",
      file.string(), position / width, position % width, count - 1));
}

std::string read_and_hash(const Candidate& file) {
  std::vector<std::uint16_t> values;
  try {
    values.resize(static_cast<std::size_t>(file.info->tiles * file.info->width));
  } catch (const std::bad_alloc&) {
    throw InputError(fmt::format("{}: {} tiles of {} features do not fit into memory", file.path.string(),
                                 file.info->tiles, file.info->width));
  }
  read_features(file.path, values);
  check_finite(file.path, values, file.info->width);
  return hash_features(values, file.info->tiles, file.info->width);
}

void check_file(Candidate& file, FingerprintMemory& memory, Problems& problems) {
  problems.collect([&] {
    file.info = inspect_features(file.path);
    if (const auto known = memory.find(file.path)) {
      file.hash = *known;
      return;
    }
    file.hash = read_and_hash(file);
    memory.remember(file.path, file.hash);
  });
}

// All files must have the same value of `property`. Files that differ from the most frequent value are reported with a
// file that has it. Returns that value.
template <typename Property>
auto common(const std::vector<Candidate>& files, Property&& property, const std::string& what, Problems& problems) {
  using Value = decltype(property(*files.front().info));
  std::map<Value, std::vector<const Candidate*>> by_value;
  for (const auto& file : files) {
    if (file.info) by_value[property(*file.info)].push_back(&file);
  }
  if (by_value.empty()) return Value{};
  const auto most = std::max_element(by_value.begin(), by_value.end(),
                                     [](const auto& a, const auto& b) { return a.second.size() < b.second.size(); });
  for (const auto& [value, members] : by_value) {
    if (value == most->first) continue;
    for (const auto* file : members) {
      problems.add(fmt::format("{}: {} '{}', expected '{}' as in {}", file->path.string(), what, value, most->first,
                               most->second.front()->path.string()));
    }
  }
  return most->first;
}

struct Tables {
  Table clini, slides;
  std::optional<FeatureIndex> features;
};

// nullopt if any of the three cannot be read; `problems` then has the reasons.
std::optional<Tables> read_inputs(const CohortFiles& files, Problems& problems) {
  Tables tables;
  Problems own;
  if (!files.clini.empty()) own.collect([&] { tables.clini = read_table(files.clini); });
  own.collect([&] { tables.slides = read_table(files.slides); });
  own.collect([&] { tables.features.emplace(files.features); });
  for (const auto& line : own.lines()) problems.add(line);
  if (!own.empty()) return std::nullopt;
  return tables;
}

// What the readers of tables inferred, and what the feature files say.
void add_inferences(const Tables& tables, const std::vector<Candidate>& files, Cohort& cohort) {
  cohort.inferences = cohort.clini.inferences;
  cohort.inferences.insert(cohort.inferences.end(), tables.slides.inferences.begin(), tables.slides.inferences.end());
  std::vector<FeatureInfo> infos;
  for (const Candidate& file : files) {
    if (file.info) infos.push_back(*file.info);
  }
  if (!infos.empty()) cohort.inferences.push_back(feature_summary(infos));
}

}  // namespace

Cohort load_cohort(const CohortFiles& files, FingerprintMemory& memory, Problems& problems) {
  Cohort cohort;
  cohort.files = files;
  auto tables = read_inputs(files, problems);
  if (!tables) return cohort;
  const auto joined = join_tables(files, tables->clini, tables->slides, *tables->features, cohort.drops, problems);
  cohort.clini = std::move(tables->clini);

  std::vector<Candidate> checked;
  Fingerprint fingerprint;
  for (const auto& patient : joined) {
    cohort.patients.push_back({patient.name, {}, patient.clini_row});
    fingerprint.add(patient.name);
    fingerprint.add(std::to_string(patient.slides.size()));
    for (const auto& slide : patient.slides) {
      checked.push_back({files.features / slide, std::filesystem::path(slide).stem().string(), {}, ""});
      check_file(checked.back(), memory, problems);
      fingerprint.add(checked.back().slide);
      fingerprint.add(checked.back().hash);
      cohort.patients.back().slides.push_back(
          {checked.back().path, checked.back().info ? checked.back().info->tiles : 0});
    }
  }
  if (checked.empty()) return cohort;
  cohort.width = common(checked, [](const FeatureInfo& i) { return i.width; }, "features a tile:", problems);
  cohort.extractor =
      common(checked, [](const FeatureInfo& i) { return canonical_extractor(i.extractor); }, "extractor", problems);
  cohort.fingerprint = fingerprint.hex();
  add_inferences(*tables, checked, cohort);
  return cohort;
}

}  // namespace mtlgrid
