#include "datasets/slides/slide_files.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>
#include <set>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/ascii.h"
#include "base/errors.h"
#include "base/system_error.h"

namespace mtlgrid {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 12> kExtensions = {".czi", ".svs",  ".tif",  ".vms",     ".vmu", ".ndpi",
                                                          ".scn", ".mrxs", ".tiff", ".svslide", ".bif", ".qptiff"};

// Device and number of a folder: the same for every path that leads to it.
using Identity = std::pair<dev_t, ino_t>;

class Search {
 public:
  explicit Search(fs::path top) : top_(std::move(top)) {}

  // `below`: the path from the top. `above`: the folders that contain it, itself too. Throws SystemError if the folder
  // cannot be read.
  void visit(const fs::path& below, const std::set<Identity>& above) {
    std::vector<fs::path> names;
    std::error_code failed;
    for (fs::directory_iterator entry(top_ / below, failed), end; !failed && entry != end; entry.increment(failed))
      names.push_back(entry->path().filename());
    if (failed) throw system_error(top_ / below, failed.value());
    std::sort(names.begin(), names.end());
    const std::set<fs::path> data = mirax_folders(names);
    for (const fs::path& name : names) {
      if (name.string().front() == '.' || data.contains(name)) continue;
      look_at(below / name, above);
    }
  }

  SlideFiles result() {
    report_repeated();
    std::sort(found_.slides.begin(), found_.slides.end(),
              [](const SlideFile& a, const SlideFile& b) { return a.name < b.name; });
    return std::move(found_);
  }

 private:
  static std::set<fs::path> mirax_folders(const std::vector<fs::path>& names) {
    std::set<fs::path> folders;
    for (const fs::path& name : names)
      if (lower_ascii(name.extension().string()) == ".mrxs") folders.insert(name.stem());
    return folders;
  }

  void problem(const fs::path& path, const std::string& cause) {
    found_.problems.push_back(fmt::format("{}: {}", path.string(), cause));
  }

  void look_at(const fs::path& below, const std::set<Identity>& above) {
    const fs::path path = top_ / below;
    struct stat state {};
    if (::stat(path.c_str(), &state) != 0) {
      // Whether it was to be a slide is not known of a name without an extension: it may be a folder of slides.
      if (!is_slide_name(path) && path.has_extension()) return;
      if (errno == ENOENT || errno == ELOOP) {
        problem(path, "a link that leads nowhere; correct or remove it");
      } else {
        found_.problems.emplace_back(system_error(path, errno).what());
      }
      return;
    }
    if (S_ISDIR(state.st_mode)) {
      enter(below, {state.st_dev, state.st_ino}, above);
    } else if (is_slide_name(path)) {
      if (S_ISREG(state.st_mode)) {
        found_.slides.push_back(
            {fs::path(below).replace_extension().string(), path, static_cast<std::uint64_t>(state.st_size)});
      } else {
        problem(path, "has the name of a slide but is not a file; remove it");
      }
    }
  }

  void enter(const fs::path& below, const Identity& identity, std::set<Identity> above) {
    if (!above.insert(identity).second) {
      problem(top_ / below, "a link to a folder above it; remove it");
      return;
    }
    try {
      visit(below, above);
    } catch (const SystemError& e) {
      found_.problems.emplace_back(e.what());
    }
  }

  // One feature file would stand for all slides of one name.
  void report_repeated() {
    std::map<std::string, std::vector<std::string>> files;
    for (const SlideFile& slide : found_.slides) files[slide.name].push_back(slide.file.filename().string());
    for (const auto& [name, all] : files) {
      if (all.size() == 1) continue;
      std::string list;
      for (const std::string& file : all) list += (list.empty() ? "" : ", ") + file;
      problem(top_ / name,
              fmt::format("{} slides of this name ({}); keep one, or rename the others", all.size(), list));
    }
    std::erase_if(found_.slides, [&](const SlideFile& slide) { return files[slide.name].size() > 1; });
  }

  fs::path top_;
  SlideFiles found_;
};

}  // namespace

bool is_slide_name(const std::filesystem::path& file) {
  const std::string name = file.filename().string();
  if (name.empty() || name.front() == '.') return false;
  const std::string extension = lower_ascii(file.extension().string());
  return std::find(kExtensions.begin(), kExtensions.end(), extension) != kExtensions.end();
}

SlideFiles find_slides(const std::filesystem::path& folder) {
  struct stat state {};
  if (::stat(folder.c_str(), &state) != 0) {
    if (errno != ENOENT && errno != ENOTDIR) throw system_error(folder, errno);
    throw InputError(fmt::format("{}: there is no such folder; correct the path", folder.string()));
  }
  if (!S_ISDIR(state.st_mode))
    throw InputError(fmt::format("{}: is not a folder; give the folder that contains the slides", folder.string()));
  Search search(folder);
  search.visit("", {{state.st_dev, state.st_ino}});
  return search.result();
}

}  // namespace mtlgrid
