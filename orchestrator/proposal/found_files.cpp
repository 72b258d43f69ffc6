#include "orchestrator/proposal/found_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <string_view>
#include <system_error>

#include "base/ascii.h"
#include "base/errors.h"
#include "base/system_error.h"
#include "base/text.h"

namespace fs = std::filesystem;

namespace mtlgrid {
namespace {

constexpr std::array<std::string_view, 5> kTables = {".csv", ".tsv", ".txt", ".tab", ".xlsx"};
constexpr std::array<std::string_view, 2> kFeatures = {".h5", ".pt"};
constexpr std::array<std::string_view, 15> kSlides = {".svs",     ".ndpi", ".ndpis", ".mrxs",   ".scn",
                                                      ".bif",     ".vms",  ".vmu",   ".tif",    ".tiff",
                                                      ".svslide", ".dcm",  ".czi",   ".qptiff", ".isyntax"};

template <std::size_t N>
bool ends_like(const std::string& name, const std::array<std::string_view, N>& suffixes) {
  const std::string suffix = lower_ascii(fs::path(name).extension().string());
  return std::find(suffixes.begin(), suffixes.end(), suffix) != suffixes.end();
}

class Search {
 public:
  explicit Search(FoundFiles& found) : found_(found) {}

  void start(const fs::path& named) {
    std::error_code error;
    const fs::path folder = fs::canonical(named, error);
    if (error == std::errc::no_such_file_or_directory || error == std::errc::not_a_directory) {
      throw InputError(fmt::format("{}: no such folder; expected one with tables and feature files", named.string()));
    }
    if (error) throw system_error(named, error.value());
    if (!fs::is_directory(folder, error)) {
      throw InputError(fmt::format("{}: not a folder; expected one with tables and feature files", named.string()));
    }
    if (!can_be_written(folder.string())) {
      throw InputError(
          fmt::format("{}: the path has line breaks or other characters that no configuration can have: "
                      "rename the folder",
                      printable(folder.string())));
    }
    found_.folders.push_back(folder);
    look_into(folder);
  }

  void note_unwritable() {
    if (unwritable_.empty()) return;
    found_.notes.push_back(
        fmt::format("passed over: {} with line breaks or other characters that no "
                    "configuration can have (such as {}): rename it",
                    counted(std::ssize(unwritable_), "path"), *unwritable_.begin()));
  }

 private:
  void look_into(const fs::path& folder) {
    if (!visited_.insert(folder).second) return;
    std::error_code error;
    std::vector<fs::path> below;
    fs::directory_iterator entries(folder, error);
    for (; !error && entries != fs::directory_iterator(); entries.increment(error)) take(*entries, folder, below);
    if (error && found_.folders.back() == folder) throw system_error(folder, error.value());
    if (error) found_.notes.push_back(fmt::format("{} cannot be listed: {}", folder.string(), error.message()));
    std::sort(below.begin(), below.end());
    for (const fs::path& one : below) look_into(one);
  }

  void take(const fs::directory_entry& entry, const fs::path& folder, std::vector<fs::path>& below) {
    const std::string name = entry.path().filename().string();
    std::error_code error;
    if (name.starts_with(".")) return;
    if (!can_be_written(name) && !ends_like(name, kFeatures)) {
      if (entry.is_directory(error) || ends_like(name, kTables)) unwritable_.insert(printable(name));
      return;
    }
    if (entry.is_directory(error)) {
      const fs::path real = fs::canonical(entry.path(), error);
      if (error || name.ends_with(".db.d")) return;
      if (!can_be_written(real.string())) {
        unwritable_.insert(printable(name));
      } else {
        below.push_back(real);
      }
    } else if (ends_like(name, kFeatures)) {
      found_.features[folder].push_back(name);
    } else if (ends_like(name, kTables)) {
      found_.tables.push_back(entry.path());
    } else if (is_slide_name(name)) {
      ++found_.slides[folder];
    }
  }

  FoundFiles& found_;
  std::set<fs::path> visited_;
  std::set<std::string> unwritable_;  // escaped names of folders and tables that no configuration can have
};

}  // namespace

bool can_be_written(const std::string& name) { return printable(name) == name; }

bool is_slide_name(const std::string& name) { return ends_like(name, kSlides); }

FoundFiles find_files(const std::vector<fs::path>& folders) {
  FoundFiles found;
  Search search(found);
  for (const fs::path& folder : folders) search.start(folder);
  search.note_unwritable();
  std::sort(found.tables.begin(), found.tables.end());
  for (auto& [folder, names] : found.features) std::sort(names.begin(), names.end());
  return found;
}

}  // namespace mtlgrid
