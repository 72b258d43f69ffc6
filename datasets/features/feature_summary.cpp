#include "datasets/features/feature_summary.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "base/text.h"

namespace mtlgrid {
namespace {

// "float16", "float32 rounded to float16", "float16 in 40 files, float32 rounded to float16 in 6".
std::string types(const std::vector<FeatureInfo>& files) {
  std::map<std::pair<std::size_t, bool>, std::size_t> counts;  // by bytes of a value
  for (const FeatureInfo& file : files) ++counts[{file.value_bytes, file.bfloat16}];
  std::vector<std::string> parts;
  for (const auto& [type, count] : counts) {
    const auto [bytes, bfloat] = type;
    const bool as_it_is = bytes == 2 && !bfloat;
    parts.push_back(fmt::format("{}float{}{}", bfloat ? "b" : "", 8 * bytes, as_it_is ? "" : " rounded to float16"));
    if (counts.size() > 1) parts.back() += fmt::format(" in {}", count);
  }
  return fmt::format("{}", fmt::join(parts, ", "));
}

std::string extractor(const std::vector<FeatureInfo>& files) {
  const auto says = [](const FeatureInfo& file) { return !file.extractor.empty(); };
  const auto first = std::find_if(files.begin(), files.end(), says);
  if (first == files.end()) return "no file says which extractor wrote it";
  const auto count = static_cast<std::size_t>(std::count_if(files.begin(), files.end(), says));
  const std::string where = !first->by_encoder ? ""
                            : first->pytorch   ? "bags_config.json: "
                                               : fmt::format("attribute 'encoder' of dataset '{}': ", first->dataset);
  return fmt::format(
      "extractor {} ({}{})", extractor_of(*first), where,
      count == files.size() ? "all say so" : fmt::format("{} say so, {} say nothing", count, files.size() - count));
}

}  // namespace

std::string feature_summary(const std::vector<FeatureInfo>& files) {
  if (files.empty()) return "";
  // A slide without tissue may have no width.
  const auto widest = std::max_element(files.begin(), files.end(), [](const FeatureInfo& a, const FeatureInfo& b) {
    return (a.tiles > 0) < (b.tiles > 0);
  });
  const bool rows = widest->level != FeatureLevel::tile;
  return fmt::format("{}: {}, {} features a {}, {}", counted(static_cast<std::int64_t>(files.size()), "feature file"),
                     extractor(files), widest->width, rows ? "row" : "tile", types(files));
}

}  // namespace mtlgrid
