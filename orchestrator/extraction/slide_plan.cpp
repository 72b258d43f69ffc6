#include "orchestrator/extraction/slide_plan.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <iterator>

#include "base/causes.h"
#include "base/nearest.h"
#include "base/text.h"
#include "datasets/features/fingerprint.h"
#include "datasets/slides/openslide.h"
#include "datasets/slides/slide_files.h"
#include "orchestrator/config/config_settings.h"
#include "orchestrator/extraction/extractor_files.h"
#include "orchestrator/extraction/slide_mpp_table.h"

namespace mtlgrid {

namespace fs = std::filesystem;

namespace {

// Bytes of a slide's file name: that of its feature file while it is written is longer by host and process.
constexpr std::size_t kLongestName = 180;

// The settings that decide features, and what the extractor's files contain.
std::string identity_of(const ExtractSettings& settings, const ExtractorFiles& files) {
  nlohmann::json j = settings;
  for (const char* key : {"batch", "weights"}) j.erase(key);
  j["extractor"] = files.name;
  j["content"] = files.content;
  j["protocol"] = "STAMP 2.5";
  return hash_text(j.dump());
}

class SlidePlanner {
 public:
  SlidePlanner(const Config& config, FeatureReader& reader) : reader_(reader) { plan_.config = config; }

  SlidePlan plan(const std::vector<std::string>& cohorts) {
    const std::vector<const CohortFiles*> chosen = choose(cohorts);
    ExtractorFiles files;
    problems_.collect([&] { files = read_extractor_files(plan_.config.extract); });
    Extraction extraction;
    extraction.settings = plan_.config.extract;
    extraction.identity = identity_of(extraction.settings, files);
    for (const CohortFiles* cohort : chosen) {
      problems_.collect([&] { extraction.cohorts.push_back(slides_of(*cohort)); });
    }
    leave_out_colliding(extraction);
    check_places(extraction);
    problems_.throw_if_any();
    for (const SlideCohort& cohort : extraction.cohorts) {
      PresenceCheck check(extraction, files, reader_);
      for (const SlideInput& slide : cohort.slides) check.look_at(cohort, slide, plan_.present);
      check.report(cohort.features, problems_, plan_.notes);
    }
    problems_.throw_if_any();
    plan_.notes.insert(plan_.notes.end(), files.notes.begin(), files.notes.end());
    finish(std::move(extraction));
    return std::move(plan_);
  }

 private:
  // The cohorts of these names, else all, that have slides.
  std::vector<const CohortFiles*> choose(const std::vector<std::string>& names) {
    std::vector<std::string> known;
    std::vector<const CohortFiles*> chosen;
    for (const CohortFiles& cohort : plan_.config.cohorts) {
      if (cohort.slides_folder.empty()) continue;
      known.push_back(cohort.name);
      const bool wanted = names.empty() || std::find(names.begin(), names.end(), cohort.name) != names.end();
      if (wanted) chosen.push_back(&cohort);
    }
    const std::string file = plan_.config.file.string();
    if (known.empty()) {
      throw InputError(file + ": no cohort has slides; write slides_folder = FOLDER into its section [cohort.NAME]");
    }
    for (const std::string& name : names) {
      if (std::find(known.begin(), known.end(), name) != known.end()) continue;
      problems_.add(fmt::format("{}: no cohort '{}' with a slides_folder{}", file, name, did_you_mean(name, known)));
    }
    return chosen;
  }

  SlideCohort slides_of(const CohortFiles& files) {
    SlideCohort cohort = {files.name, files.features.string(), {}};
    const MppTable table = MppTable::read(files, problems_);
    const SlideFiles found = find_slides(files.slides_folder);
    for (const std::string& line : found.problems)
      plan_.notes.push_back(fmt::format("cohort {}: {}", files.name, line));
    for (const SlideFile& slide : found.slides) {
      const std::string file_name = slide.file.filename().string();
      if (file_name.size() > kLongestName) {
        plan_.notes.push_back(fmt::format("cohort {}: {}: the name is longer than {} bytes; rename the slide",
                                          files.name, slide.file.string(), kLongestName));
        continue;
      }
      SlideInput input = {slide.name, slide.file.string(), static_cast<std::int64_t>(slide.bytes), files.default_mpp,
                          files.default_mpp > 0 ? kDefaultMpp : ""};
      if (const auto mpp = table.find(slide.name)) {
        input.mpp = *mpp;
        input.mpp_source = kMppColumn;
      }
      cohort.slides.push_back(std::move(input));
    }
    if (cohort.slides.empty()) {
      throw InputError(
          fmt::format("{}: no slides for cohort {}; expected files that end in .svs, .tif, .tiff, .ndpi, "
                      ".mrxs, .scn, .czi, .vms, .vmu, .bif, .svslide or .qptiff",
                      files.slides_folder.string(), files.name));
    }
    return cohort;
  }

  // A slide whose feature file would be a folder of another slide's is left out; cohorts that would write one file are
  // a problem.
  void leave_out_colliding(Extraction& extraction) {
    std::map<std::string, std::string> owner;  // of each feature file: its cohort
    Causes shared;
    for (const SlideCohort& cohort : extraction.cohorts) {
      for (const SlideInput& slide : cohort.slides) {
        const auto [at, fresh] = owner.emplace(feature_file_of(cohort, slide), cohort.name);
        if (!fresh) {
          shared.add(fmt::format("the cohorts {} and {} would both write features of slides", at->second, cohort.name),
                     slide.name + ".h5", "give each cohort a folder of features of its own");
        }
      }
    }
    shared.report(plan_.config.file.string(), problems_);
    for (SlideCohort& cohort : extraction.cohorts) {
      std::erase_if(cohort.slides, [&](const SlideInput& slide) {
        for (fs::path folder = fs::path(feature_file_of(cohort, slide)).parent_path();
             folder.string().size() > cohort.features.size(); folder = folder.parent_path()) {
          fs::path features = folder;
          if (folder.extension() == ".jpg") features.replace_extension(".h5");
          if (owner.count(features.string()) == 0) continue;
          plan_.notes.push_back(
              fmt::format("cohort {}: {}: its folder {} is the name of another slide's output; rename "
                          "the folder",
                          cohort.name, slide.file, folder.filename().string()));
          return true;
        }
        return false;
      });
    }
  }

  // Whether OpenSlide is there, and files can be written.
  void check_places(const Extraction& extraction) {
    try {
      openslide::api();
    } catch (const Error& e) {
      problems_.add(e.what());
    }
    for (const SlideCohort& cohort : extraction.cohorts) {
      fs::path place = cohort.features;
      std::error_code error;
      while (!fs::exists(place, error) && place.has_relative_path()) place = place.parent_path();
      if (!fs::is_directory(place, error)) {
        problems_.add(fmt::format("{}: features of cohort {} cannot be written there: {} is not a folder",
                                  cohort.features, cohort.name, place.string()));
      } else if (::access(place.c_str(), W_OK) != 0) {
        problems_.add(fmt::format("{}: features of cohort {} cannot be written there: {}: {}", cohort.features,
                                  cohort.name, place.string(), std::strerror(errno)));
      }
    }
  }

  void finish(Extraction extraction) {
    const Config& config = plan_.config;
    GridRecord& grid = plan_.grid;
    grid.identity = extraction.identity;
    grid.settings = {{"extract", extraction.settings},
                     {"file", config.file.string()},
                     {"store", config.store.string()},
                     {"run", config.run},
                     {"cluster", cluster_settings(config.cluster)}};
    for (const SlideCohort& cohort : extraction.cohorts) {
      for (const SlideInput& slide : cohort.slides) grid.cells.push_back(Cell::of_slide(cohort.name, slide.name));
      grid.settings["cohorts"][cohort.name] = {{"features", cohort.features}};
    }
    plan_.experiment.grid = extraction.identity;
    plan_.experiment.run = config.run;
    plan_.experiment.run.staging = "files";  // there is nothing to stage
    plan_.experiment.extraction = std::move(extraction);
  }

  FeatureReader& reader_;
  SlidePlan plan_;
  Problems problems_;
};

}  // namespace

SlidePlan make_slide_plan(const Config& config, const std::vector<std::string>& cohorts, FeatureReader& reader) {
  return SlidePlanner(config, reader).plan(cohorts);
}

}  // namespace mtlgrid
