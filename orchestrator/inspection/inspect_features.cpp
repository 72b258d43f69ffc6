#include "orchestrator/inspection/inspect_features.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <string>
#include <utility>

#include "base/text.h"
#include "datasets/cohorts/cohort_level.h"
#include "datasets/cohorts/same_features.h"
#include "datasets/features/feature_index.h"
#include "datasets/features/features.h"
#include "datasets/features/file_fault.h"

namespace mtlgrid {
namespace {

namespace fs = std::filesystem;

constexpr double kPercent = 100, kMostZeros = 0.95, kMostRepeated = 0.01, kRobustDeviations = 6;
constexpr double kNormalConsistency = 1.4826;  // of the median absolute deviation of a normal distribution
constexpr std::size_t kFileExamples = 3;

std::string type_of(const FeatureInfo& info) { return fmt::format("float{}", 8 * info.value_bytes); }

std::string extractor_said(const FeatureInfo& info) {
  const std::string name = extractor_of(info);
  return name.empty() ? "none named" : name;
}

std::string geometry_said(const FeatureInfo& info) {
  const std::string text = geometry_text(info.geometry);
  return text.empty() ? "not said" : text;
}

// What is wrong with a file: the same text for all files with this fault, and the file's own part of it.
struct Fault {
  std::string cause, detail{};
};

std::vector<Fault> faults_of(const CheckedFile& file) {
  const FeatureStatistics& found = file.statistics;
  const FeatureInfo& info = file.info;
  std::vector<Fault> out;
  const bool of_tiles = info.level == FeatureLevel::tile || info.level == FeatureLevel::row;
  if (of_tiles && info.coordinates >= 0 && info.coordinates != info.tiles) {
    out.push_back({"not as many coordinates as tiles", fmt::format("{} and {}", info.coordinates, info.tiles)});
  }
  if (info.tiles == 0) return out;
  if (found.not_finite > 0) out.push_back({"values that are not finite"});
  if (found.zeros > kMostZeros) out.push_back({"nearly all values are zero"});
  if (found.constant_features * 2 > found.width) out.push_back({"most features have one value in all tiles"});
  if (found.constant_tiles > 0) out.push_back({"tiles that hold one value alone"});
  if (static_cast<double>(found.repeated_tiles) > kMostRepeated * static_cast<double>(info.tiles)) {
    out.push_back({"tiles that repeat other tiles bit for bit"});
  }
  return out;
}

nlohmann::ordered_json value_facts(const FeatureStatistics& found) {
  return {{"least", found.least},
          {"most", found.most},
          {"mean", found.mean},
          {"standard deviation", found.deviation},
          {"zeros (%)", kPercent * found.zeros},
          {"not finite", found.not_finite},
          {"features of one value", found.constant_features},
          {"tiles of one value", found.constant_tiles},
          {"repeated tiles", found.repeated_tiles}};
}

// Files with something in common that the others have not: said once, with examples.
class Causes {
 public:
  void add(const std::string& cause, const std::string& file) {
    auto& files = files_[cause];
    if (files.empty()) order_.push_back(cause);
    files.push_back(file);
  }
  void report(std::size_t all, std::vector<std::string>& out) const {
    for (const std::string& cause : order_) {
      const auto& files = files_.at(cause);
      const std::vector<std::string> some(
          files.begin(), files.begin() + static_cast<std::ptrdiff_t>(std::min(files.size(), kFileExamples)));
      out.push_back(fmt::format("{} of {}: {} ({}{})", files.size(), counted(static_cast<std::int64_t>(all), "file"),
                                cause, fmt::join(some, ", "), files.size() > kFileExamples ? ", ..." : ""));
    }
  }

 private:
  std::map<std::string, std::vector<std::string>> files_;
  std::vector<std::string> order_;
};

struct Described {
  std::string file;
  CheckedFile features;
};

// The files of a folder, a slide once, by what they hold.
struct Sorted {
  std::vector<Described> files;                 // with tiles
  std::vector<std::string> empty, coordinates;  // without tiles; with coordinates alone
  std::size_t faulty = 0;                       // that cannot be read
};

Sorted read_all(const FeatureIndex& index, const fs::path& folder, FeatureReader& reader, Causes& causes) {
  Sorted out;
  for (const std::string& file : index.slides()) {
    try {
      CheckedFile found = reader.describe(folder / file);
      for (const Fault& fault : faults_of(found)) {
        causes.add(fault.cause, fault.detail.empty() ? file : fmt::format("{}: {}", file, fault.detail));
      }
      if (found.info.tiles == 0) {
        out.empty.push_back(file);
      } else {
        out.files.push_back({file, std::move(found)});
      }
    } catch (const FileFault& e) {
      if (e.coordinates_alone()) {
        out.coordinates.push_back(file);
      } else {
        causes.add(e.cause() + ", " + e.expected(), file);
        ++out.faulty;
      }
    }
  }
  return out;
}

// "6 files (a.h5, b.h5, c.h5, ...)".
std::string some_of(const std::vector<std::string>& files) {
  const std::size_t shown = std::min(files.size(), kFileExamples);
  return fmt::format("{} ({}{})", counted(static_cast<std::int64_t>(files.size()), "file"),
                     fmt::join(files.begin(), files.begin() + static_cast<std::ptrdiff_t>(shown), ", "),
                     files.size() > shown ? ", ..." : "");
}

// What is not compared with other files, and not wrong.
void add_others(const FeatureIndex& index, const Sorted& all, Inspection& out) {
  const std::size_t twins = index.files().size() - index.slides().size();
  if (twins > 0) {
    out.facts["both as .h5 and .pt"] =
        fmt::format("{}, of which the .h5 is read", counted(static_cast<std::int64_t>(twins), "slide"));
  }
  if (!all.empty.empty()) out.facts["no tiles"] = some_of(all.empty) + ": slides without tissue, which plan drops";
  if (!all.coordinates.empty()) out.facts["coordinates of tiles and no features"] = some_of(all.coordinates);
}

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

// Names files whose text is not that of most others.
void compare_texts(const std::vector<Described>& files, const std::string& what,
                   const std::function<std::string(const FeatureInfo&)>& text, Causes& causes) {
  std::map<std::string, std::size_t> counts;
  for (const Described& one : files) ++counts[text(one.features.info)];
  const auto most =
      std::max_element(counts.begin(), counts.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  for (const Described& one : files) {
    const std::string own = text(one.features.info);
    if (own != most->first) {
      causes.add(
          fmt::format("{} {}, others {}", what, own.empty() ? "none" : own, most->first.empty() ? "none" : most->first),
          one.file);
    }
  }
}

// Names files whose number is far from the others', by the median absolute deviation.
void compare_numbers(const std::vector<Described>& files, const std::string& what,
                     const std::function<double(const FeatureStatistics&)>& number, Causes& causes) {
  constexpr std::size_t kFewest = 8;  // below, one slide is not unusual
  if (files.size() < kFewest) return;
  std::vector<double> numbers, distances;
  for (const Described& one : files) numbers.push_back(number(one.features.statistics));
  const double middle = median(numbers);
  for (const double value : numbers) distances.push_back(std::abs(value - middle));
  const double spread = kNormalConsistency * median(distances);
  for (std::size_t i = 0; i < files.size(); ++i) {
    if (distances[i] > kRobustDeviations * spread && distances[i] > 1e-3 * std::abs(middle)) {
      causes.add(fmt::format("{} far from the others' {:.3g}", what, middle),
                 fmt::format("{} {:.3g}", files[i].file, numbers[i]));
    }
  }
}

// Names files with the same features, of `all` files; those without tiles have none.
void report_same(const std::vector<Described>& files, std::size_t all, std::vector<std::string>& out) {
  std::vector<std::string> hashes, examples;
  for (const Described& one : files) hashes.push_back(one.features.hash);
  const auto groups = same_features(hashes);
  std::size_t count = 0;
  for (const std::vector<std::size_t>& group : groups) {
    count += group.size();
    if (examples.size() == kFileExamples) continue;
    examples.push_back(
        fmt::format("{} and {}{}", files[group[0]].file, files[group[1]].file, group.size() > 2 ? " and more" : ""));
  }
  if (groups.empty()) return;
  out.push_back(fmt::format("{} of {}, in {}, have the same features as another file, which two slides cannot ({}{})",
                            count, counted(static_cast<std::int64_t>(all), "file"),
                            counted(static_cast<std::int64_t>(groups.size()), "group"), fmt::join(examples, "; "),
                            groups.size() > examples.size() ? "; ..." : ""));
}

void add_ranges(const std::vector<Described>& files, Inspection& out) {
  std::map<std::string, std::size_t> extractors, types, sizes, levels;
  std::int64_t tiles = 0, fewest = files.front().features.info.tiles, most = 0;
  std::vector<double> means, deviations, zeros;
  for (const auto& [file, features] : files) {
    ++extractors[extractor_said(features.info)];
    ++types[type_of(features.info)];
    ++sizes[geometry_said(features.info)];
    ++levels[level_text(features.info.level)];
    tiles += features.info.tiles;
    fewest = std::min(fewest, features.info.tiles);
    most = std::max(most, features.info.tiles);
    means.push_back(features.statistics.mean);
    deviations.push_back(features.statistics.deviation);
    zeros.push_back(kPercent * features.statistics.zeros);
  }
  const auto listed = [](const std::map<std::string, std::size_t>& counts) {
    std::vector<std::string> parts;
    for (const auto& [text, count] : counts)
      parts.push_back(counts.size() == 1 ? text : fmt::format("{} ({})", text, count));
    return fmt::format("{}", fmt::join(parts, ", "));
  };
  out.facts["tiles"] = tiles;
  out.facts["tiles a file"] = fmt::format("{} to {}", with_separators(fewest), with_separators(most));
  out.facts["features a tile"] = files.front().features.info.width;
  out.facts["rows"] = listed(levels);
  out.facts["type"] = listed(types);
  out.facts["extractor"] = listed(extractors);
  out.facts["geometry"] = listed(sizes);
  out.facts["median mean"] = median(means);
  out.facts["median standard deviation"] = median(deviations);
  out.facts["median zeros (%)"] = median(zeros);
}

}  // namespace

Inspection inspect_feature_file(const fs::path& file, FeatureReader& reader) {
  CheckedFile found;
  try {
    found = reader.describe(file);
  } catch (const FileFault& e) {
    if (!e.coordinates_alone()) throw;
    Inspection out{file, "coordinates of tiles"};
    out.facts["features"] = "none: other programs write them into files of their own";
    return out;
  }
  Inspection out{file, "feature file"};
  out.facts["rows"] = level_text(found.info.level);
  if (!found.info.dataset.empty()) out.facts["dataset"] = found.info.dataset;
  if (const std::string tool = tool_text(found.info.geometry); !tool.empty()) out.facts["written by"] = tool;
  out.facts["tiles"] = found.info.tiles;
  if (found.info.coordinates >= 0) out.facts["coordinates"] = found.info.coordinates;
  out.facts["features a tile"] = found.info.width;
  out.facts["type"] = type_of(found.info);
  out.facts["extractor"] = extractor_said(found.info);
  out.facts["geometry"] = geometry_said(found.info);
  if (found.info.tiles == 0) {
    out.facts["values"] = "none: a slide without tissue, or an extraction that found none";
  } else {
    out.facts.update(value_facts(found.statistics));
  }
  for (const Fault& fault : faults_of(found)) {
    out.wrong.push_back(fault.detail.empty() ? fault.cause : fmt::format("{}: {}", fault.cause, fault.detail));
  }
  return out;
}

Inspection inspect_feature_folder(const fs::path& folder, FeatureReader& reader) {
  const FeatureIndex index(folder);
  Inspection out{folder, "folder of features"};
  Causes causes;
  const Sorted all = read_all(index, folder, reader, causes);
  const std::vector<Described>& files = all.files;
  if (!files.empty() || !all.empty.empty()) out.facts["files"] = files.size() + all.empty.size();
  add_others(index, all, out);
  if (!files.empty()) {
    add_ranges(files, out);
    compare_texts(files, "extractor", extractor_said, causes);
    compare_texts(files, "features a tile", [](const FeatureInfo& info) { return std::to_string(info.width); }, causes);
    compare_texts(files, "geometry", geometry_said, causes);
    compare_texts(files, "rows that are", [](const FeatureInfo& info) { return level_text(info.level); }, causes);
    compare_numbers(files, "mean", [](const FeatureStatistics& found) { return found.mean; }, causes);
    compare_numbers(
        files, "standard deviation", [](const FeatureStatistics& found) { return found.deviation; }, causes);
  } else if (!all.empty.empty()) {
    out.wrong.emplace_back("no file has tiles");
  } else if (all.faulty == 0) {
    out.kind = "folder of coordinates of tiles";
  }
  const std::size_t count = files.size() + all.empty.size() + all.faulty;
  causes.report(count, out.wrong);
  report_same(files, count, out.wrong);
  for (const FeatureIndex::Unread& unread : index.unread()) out.wrong.push_back(unread.path + ": " + unread.reason);
  return out;
}

}  // namespace mtlgrid
