#include "datasets/cohorts/cohort.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/text.h"
#include "datasets/cohorts/same_kind.h"
#include "datasets/tables/seen_values.h"

namespace mtlgrid {

std::vector<KnownFeatures> known_features(const Patient& patient) {
  std::vector<KnownFeatures> known;
  for (const FeatureFile& slide : patient.slides) known.push_back({slide.path.string(), slide.tiles, slide.hash});
  return known;
}

std::int64_t Patient::tiles() const {
  std::int64_t sum = 0;
  for (const auto& slide : slides) sum += slide.tiles;
  return sum;
}

std::string how_to_set(const CohortFiles& files, const std::string& key, const std::string& value) {
  if (!files.by_options) return fmt::format("write {} = {} in [cohort.{}]", key, value, files.name);
  std::string option = key;
  std::replace(option.begin(), option.end(), '_', '-');
  const bool plain = value.find_first_of(" \t'\"$`\\!*?[](){}<>|&;#~") == std::string::npos;
  const bool quotable = value.find_first_of("\"$`\\!") == std::string::npos;
  return fmt::format("give --{} {}", option, plain ? value : quotable ? "\"" + value + "\"" : shell_quoted(value));
}

std::string how_to_read_as_missing(const Cohort& cohort, const std::vector<std::string>& more) {
  constexpr std::size_t kMany = 40;
  std::vector<std::string> spellings;
  for (const auto* list : {&cohort.files.missing, &cohort.unread_missing, &more}) {
    for (const std::string& spelling : *list) {
      if (std::find(spellings.begin(), spellings.end(), spelling) == spellings.end()) spellings.push_back(spelling);
    }
  }
  return how_to_set(cohort.files, "missing", config_list(spellings, kMany));
}

void check_disjoint(const Cohort& training, const Cohort& external, Problems& problems) {
  constexpr std::size_t kExamples = 3;
  std::size_t shared = 0;
  std::string examples;
  auto other = training.patients.begin();
  for (const auto& patient : external.patients) {  // both ascending
    while (other != training.patients.end() && other->name < patient.name) ++other;
    if (other == training.patients.end()) break;
    if (other->name != patient.name || ++shared > kExamples) continue;
    examples += fmt::format("{}'{}' (row {}, there row {})", shared == 1 ? "" : ", ", patient.name,
                            external.clini.rows[patient.clini_row].line, training.clini.rows[other->clini_row].line);
  }
  if (shared == 0) return;
  problems.add(
      fmt::format("{}: {} of cohort '{}' {} also in training cohort '{}' ({}): {}{}; results on patients of the "
                  "training say nothing, "
                  "remove them from one of the tables",
                  external.clini.path.string(), counted(static_cast<std::int64_t>(shared), "patient"),
                  external.files.name, shared == 1 ? "is" : "are", training.files.name, training.clini.path.string(),
                  examples, shared > kExamples ? ", ..." : ""));
}

namespace {

// Whether files that do not name their extractor may stand beside those of the other cohort: `encoder` was not read by
// earlier versions, TRIDENT has not always written it, and PyTorch's files have no place for a name.
bool may_be_one(const Cohort& a, const Cohort& b) {
  return (a.extractor.empty() && (b.by_encoder || a.by_pytorch)) ||
         (b.extractor.empty() && (a.by_encoder || b.by_pytorch));
}

}  // namespace

namespace {

FeatureKind kind_of(const Cohort& cohort) {
  return {cohort.files.name, cohort.files.features, cohort.level, cohort.geometries};
}

}  // namespace

void check_same_features(const Cohort& training, const Cohort& external, Problems& problems) {
  if (external.width != training.width) {
    problems.add(fmt::format("{}: {} features a tile, expected {} as in training cohort '{}'",
                             external.files.features.string(), external.width, training.width, training.files.name));
  }
  check_same_kind(kind_of(training), "training cohort", kind_of(external), problems);
  if (external.extractor == training.extractor || may_be_one(training, external)) return;
  if (external.extractor.empty()) {
    problems.add(fmt::format("{}: no file says which extractor wrote it, expected '{}' as in training cohort '{}'; {}",
                             external.files.features.string(), printable(training.extractor), training.files.name,
                             advice_on_unnamed_extractor(training.extractor)));
  } else if (training.extractor.empty()) {
    problems.add(fmt::format("{}: no file says which extractor wrote it, expected '{}' as in external cohort '{}'; {}",
                             training.files.features.string(), printable(external.extractor), external.files.name,
                             advice_on_unnamed_extractor(external.extractor)));
  } else {
    problems.add(fmt::format("{}: features of extractor '{}', expected '{}' as in training cohort '{}'",
                             external.files.features.string(), printable(external.extractor),
                             printable(training.extractor), training.files.name));
  }
}

std::vector<std::string> warn_of_other_features(const Cohort& training, const Cohort& external) {
  std::vector<std::string> warnings;
  if (external.extractor != training.extractor && may_be_one(training, external)) {
    const Cohort& named = external.extractor.empty() ? training : external;
    const Cohort& unnamed = external.extractor.empty() ? external : training;
    warnings.push_back(
        fmt::format("{}: no file says which extractor wrote it, those of cohort '{}' say '{}'; make sure "
                    "that it was the same one",
                    unnamed.files.features.string(), named.files.name, named.extractor));
  }
  return warnings;
}

std::string advice_on_unnamed_extractor(const std::string& expected) {
  return fmt::format(
      "if it was that one, write its name into each file (Python: h5py.File(FILE, 'r+').attrs['extractor'] "
      "= '{}'); the features stay the same data",
      printable(expected));
}

}  // namespace mtlgrid
