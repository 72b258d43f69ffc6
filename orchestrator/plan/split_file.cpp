#include "orchestrator/plan/split_file.h"

#include <fmt/core.h>

#include <charconv>
#include <map>
#include <system_error>

#include "base/ascii.h"
#include "base/errors.h"
#include "base/whole_file.h"
#include "datasets/tables/table_file.h"
#include "orchestrator/plan/split_json.h"
#include "orchestrator/plan/split_tables.h"

namespace mtlgrid {
namespace {

namespace fs = std::filesystem;

// K of splits_K.csv.
std::optional<int> number_in(const std::string& name) {
  constexpr std::string_view kBefore = "splits_", kBehind = ".csv";
  if (!name.starts_with(kBefore) || !name.ends_with(kBehind)) return std::nullopt;
  const char* begin = name.data() + kBefore.size();
  const char* stop = name.data() + name.size() - kBehind.size();
  int number = 0;
  const auto [end, error] = std::from_chars(begin, stop, number);
  if (begin >= stop || error != std::errc() || end != stop || number < 0) return std::nullopt;
  return number;
}

// Whether a file is a table by its name, which may be that of a sheet: "splits.xlsx#folds".
bool is_table(const fs::path& file) {
  const std::string suffix = lower_ascii(table_file(file).file.extension().string());
  return suffix == ".csv" || suffix == ".tsv" || suffix == ".xlsx" || suffix == ".xlsm";
}

SplitFile read_file(const fs::path& file, const CohortNames& cohort, int folds) {
  if (!is_table(file)) {
    const std::string text = read_whole_file(file, "a file of splits");
    const std::size_t first = text.find_first_not_of(" \t\r\n");
    if (file.extension() == ".json" || (first != std::string::npos && (text[first] == '{' || text[first] == '['))) {
      return read_split_json(text, file, folds);
    }
  }
  SplitFile splits = read_split_table(file, cohort, folds);
  if (splits.splits.size() == 1 && folds > 1 && number_in(file.filename().string())) {
    throw InputError(
        fmt::format("{}: has one split, expected {} (folds); write the folder with splits_0.csv to "
                    "splits_{}.csv instead of the file",
                    file.string(), folds, folds - 1));
  }
  return splits;
}

SplitFile read_folder(const fs::path& folder, const CohortNames& cohort, int folds) {
  std::error_code error;
  if (fs::exists(folder / "splits.json", error)) return read_file(folder / "splits.json", cohort, folds);
  std::map<int, fs::path> files;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    if (const auto number = number_in(entry->path().filename().string())) files.emplace(*number, entry->path());
  }
  if (error) throw InputError(fmt::format("{}: cannot be listed: {}", folder.string(), error.message()));
  if (files.empty()) {
    throw InputError(fmt::format("{}: has neither a splits.json (STAMP) nor splits_0.csv, splits_1.csv, ... (CLAM)",
                                 folder.string()));
  }
  SplitFile all;
  Problems problems;
  if (files.size() > 1000) throw InputError(fmt::format("{}: {} files of splits", folder.string(), files.size()));
  for (const auto& [number, file] : files) {
    problems.collect([&, &path = file] {
      SplitFile one = read_split_table(path, cohort, 1);
      if (one.splits.size() != 1) {
        throw InputError(fmt::format("{}: has {} splits, expected one, in columns train and test", path.string(),
                                     one.splits.size()));
      }
      all.splits.push_back(std::move(one.splits.front()));
      all.validation = all.validation || one.validation;
    });
  }
  problems.throw_if_any();
  all.form = fmt::format("{} files splits_K.csv, one split each{}", files.size(),
                         all.validation ? ", with their validation patients" : "");
  return all;
}

}  // namespace

SplitFile read_split_file(const fs::path& path, const CohortNames& cohort, int folds) {
  std::error_code error;
  const bool folder = fs::is_directory(path, error);
  SplitFile splits = folder ? read_folder(path, cohort, folds) : read_file(path, cohort, folds);
  if (splits.splits.size() != static_cast<std::size_t>(folds)) {
    throw InputError(fmt::format("{}: has {} splits, expected {} (folds)", path.string(), splits.splits.size(), folds));
  }
  return splits;
}

}  // namespace mtlgrid
