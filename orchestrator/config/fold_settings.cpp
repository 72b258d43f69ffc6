#include "orchestrator/config/fold_settings.h"

#include <fmt/core.h>

#include <charconv>
#include <limits>

namespace mtlgrid {
namespace {

constexpr std::uint64_t kLargestNumpySeed = std::numeric_limits<std::uint32_t>::max();

}  // namespace

void read_folds(SectionReader& grid, FoldSettings& settings) {
  std::uint64_t split_seed = settings.split_seed;  // whatever the seed is: another seed keeps the folds
  grid.read("split_seed", split_seed, kLargestNumpySeed);
  settings.split_seed = static_cast<std::uint32_t>(split_seed);
  grid.read("groups", settings.groups);
  grid.read("repeats", settings.repeats, 1, kMostRepeats);
  const std::string text = grid.text("folds").value_or(std::to_string(settings.folds));
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text == kFoldPerGroup) {
    settings.fold_per_group = true;
    settings.folds = kMostFolds;
    if (!settings.groups.empty()) return;
    grid.problem("folds", fmt::format("'{}' needs groups = COLUMN, whose values become the folds", text));
  } else if (error == std::errc() && end == text.data() + text.size() && number >= 2 && number <= kMostFolds) {
    settings.folds = number;
  } else {
    grid.problem("folds",
                 fmt::format("'{}' is neither a whole number from 2 to {} nor {}", text, kMostFolds, kFoldPerGroup));
  }
}

void check_folds(SectionReader& biomarker, const FoldSettings& settings, bool imported,
                 const std::string& label_column) {
  if (imported && settings.fold_per_group) {
    biomarker.problem("splits", fmt::format("the file decides the folds, but folds = {} in [grid] does too; write the "
                                            "number of the file's splits there",
                                            kFoldPerGroup));
  }
  if (!settings.groups.empty() && settings.groups == label_column) {
    biomarker.problem("label", fmt::format("column '{}' is also groups in [grid], so that no fold would have both "
                                           "classes; write the column of the sites there",
                                           label_column));
  }
}

nlohmann::json fold_settings(const FoldSettings& settings) {
  nlohmann::json json = {{"split_seed", settings.split_seed}, {"folds", settings.folds}};
  if (settings.fold_per_group) json["folds"] = kFoldPerGroup;
  if (!settings.groups.empty()) json["groups"] = settings.groups;
  return json;
}

}  // namespace mtlgrid
