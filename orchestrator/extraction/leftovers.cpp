#include "orchestrator/extraction/leftovers.h"

#include <filesystem>
#include <vector>

namespace mtlgrid {

namespace fs = std::filesystem;

void remove_leftovers(const Extraction& extraction) {
  const auto is_leftover = [](const std::string& name) {
    return name.ends_with(".tmp") &&
           (name.find(".h5.") != std::string::npos || name.find(".jpg.") != std::string::npos);
  };
  for (const SlideCohort& cohort : extraction.cohorts) {
    std::vector<fs::path> found;
    std::error_code error;
    fs::recursive_directory_iterator entry(cohort.features, fs::directory_options::skip_permission_denied, error);
    for (const fs::recursive_directory_iterator end; !error && entry != end; entry.increment(error)) {
      if (is_leftover(entry->path().filename().string())) found.push_back(entry->path());
    }
    for (const fs::path& file : found) fs::remove(file, error);
  }
}

}  // namespace mtlgrid
