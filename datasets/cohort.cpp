#include "datasets/cohort.h"

#include <fmt/core.h>

namespace mtlgrid {

std::int64_t Patient::tiles() const {
  std::int64_t sum = 0;
  for (const auto& slide : slides) sum += slide.tiles;
  return sum;
}

void check_disjoint(const Cohort& training, const Cohort& external, Problems& problems) {
  auto other = training.patients.begin();
  for (const auto& patient : external.patients) {  // both ascending
    while (other != training.patients.end() && other->name < patient.name) ++other;
    if (other == training.patients.end()) return;
    if (other->name != patient.name) continue;
    problems.add(fmt::format(
        "{}, row {}: patient '{}' of cohort '{}' is also in training cohort '{}' ({}, row {}), "
        "expected different patients",
        external.clini.path.string(), external.clini.rows[patient.clini_row].line, patient.name, external.files.name,
        training.files.name, training.clini.path.string(), training.clini.rows[other->clini_row].line));
  }
}

void check_same_features(const Cohort& training, const Cohort& external, Problems& problems) {
  if (external.width != training.width) {
    problems.add(fmt::format("{}: {} features a tile, expected {} as in training cohort '{}'",
                             external.files.features.string(), external.width, training.width, training.files.name));
  }
  if (external.extractor != training.extractor) {
    problems.add(fmt::format("{}: features of extractor '{}', expected '{}' as in training cohort '{}'",
                             external.files.features.string(), external.extractor, training.extractor,
                             training.files.name));
  }
}

}  // namespace mtlgrid
