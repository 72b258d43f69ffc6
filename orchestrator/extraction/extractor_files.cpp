#include "orchestrator/extraction/extractor_files.h"

#include <fmt/format.h>

#include "base/errors.h"
#include "datasets/features/fingerprint.h"
#include "trainer/formats/ctranspath_weights.h"
#include "trainer/formats/extractor_description.h"

namespace mtlgrid {
namespace {

constexpr const char* kMeanColour = "mean-colour";

void require_side(const ExtractSettings& settings, const std::string& extractor, int side) {
  if (settings.tile_px == side) return;
  throw InputError(fmt::format("[extract] tile_px: {}, but the extractor {} takes tiles of {} pixels a side",
                               settings.tile_px, extractor, side));
}

// Of a description, which names the model itself.
ExtractorFiles described(const ExtractSettings& settings) {
  const ExtractorDescription description = read_extractor_description(settings.extractor);
  require_side(settings, description.name, description.input);
  return {description.name, description.output, hash_file(settings.extractor) + hash_file(description.model), {}};
}

}  // namespace

ExtractorFiles read_extractor_files(const ExtractSettings& settings) {
  const bool own_weights = settings.extractor == kMeanColour || is_description(settings.extractor);
  if (own_weights && !settings.weights.empty()) {
    throw InputError(fmt::format("[extract] weights: the extractor {} {}; leave them out", settings.extractor,
                                 settings.extractor == kMeanColour ? "has none" : "names its model itself"));
  }
  if (settings.extractor == kMeanColour) return {kMeanColour, 3, "", {}};
  if (own_weights) return described(settings);
  if (settings.weights.empty()) {
    throw InputError(
        fmt::format("[extract] weights: the extractor {} needs the file of its weights; "
                    "docs/extraction.md says where it is published",
                    settings.extractor));
  }
  require_side(settings, settings.extractor, ctranspath::kSide);
  ctranspath::read_weights(settings.weights);  // 0.1 GB: wrong ones are said before anything is written
  ExtractorFiles files = {settings.extractor, ctranspath::kWidth, hash_file(settings.weights), {}};
  const std::string note = weights_note(settings.extractor, settings.weights);
  if (!note.empty()) files.notes.push_back(note);
  return files;
}

}  // namespace mtlgrid
