#include "orchestrator/commands/predict_slides.h"

#include <fmt/format.h>

#include "base/decode.h"
#include "base/telling.h"
#include "base/text.h"
#include "orchestrator/extraction/slide_plan.h"
#include "orchestrator/session/ask_trainer.h"
#include "orchestrator/session/feature_process.h"
#include "results/grids/stored_grid.h"
#include "results/store/sqlite.h"

namespace mtlgrid {
namespace {

constexpr const char* kNewSlides = "new";

// By which the slides of the store were extracted.
ExtractSettings stored_settings(const Database& store) {
  std::vector<StoredGrid> grids = read_grids(store);
  std::erase_if(grids, [](const StoredGrid& grid) { return !grid.slides; });
  if (grids.size() != 1) {
    throw InputError(
        fmt::format("the store has {} of slides, so that it is not known how to extract others; extract "
                    "them by a configuration (mtlgrid extract) and give --features alone",
                    counted(static_cast<std::int64_t>(grids.size()), "grid")));
  }
  Statement select = store.prepare("SELECT settings FROM grids WHERE grid_id = ?");
  select.bind_all(grids[0].id);
  if (select.step()) {
    try {
      return decode_json_if_valid(select.text(0)).value_or(nullptr).at("extract").get<ExtractSettings>();
    } catch (const nlohmann::json::exception&) {
    }
  }
  throw InputError(fmt::format("grid {} of the store does not say how its slides were extracted", grids[0].id));
}

}  // namespace

void extract_new_slides(const Database& store, const NewSlides& wanted, int threads) {
  Config config;
  config.extract = stored_settings(store);
  config.run.threads = threads;
  CohortFiles files;
  files.name = kNewSlides;
  files.slides_folder = wanted.slides;
  files.features = wanted.features;
  files.default_mpp = wanted.default_mpp;
  config.cohorts = {files};
  const SlidePlan plan = make_slide_plan(config, {}, *feature_process());
  for (const std::string& note : plan.notes) tell_message(note);
  const Extraction& all = *plan.experiment.extraction;
  std::size_t there = plan.present.size();
  for (const SlideInput& slide : all.cohorts[0].slides) {
    if (plan.present.count(Cell::of_slide(kNewSlides, slide.name).name()) != 0) continue;
    ExtractRequest request{all, config.run};
    request.extraction.cohorts[0].slides = {slide};
    try {
      const SlideRecord record = ask_trainer(request, threads).slide;
      tell_message(fmt::format("{}: {} of {} tiles kept", slide.name, record.kept, record.tiles));
      there += record.kept > 0;
    } catch (const Error& e) {
      if (e.kind() == ErrorKind::needs_person) throw;
      tell_message(fmt::format("{}: not extracted: {}", slide.name, e.what()));
    }
  }
  if (there == 0) throw InputError(wanted.slides.string() + ": no slide gave features");
}

}  // namespace mtlgrid
