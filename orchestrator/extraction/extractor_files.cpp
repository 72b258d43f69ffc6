#include "orchestrator/extraction/extractor_files.h"

#include "base/errors.h"
#include "datasets/features/fingerprint.h"

namespace mtlgrid {
namespace {

constexpr const char* kMeanColour = "mean-colour";

}  // namespace

ExtractorFiles read_extractor_files(const ExtractSettings& settings) {
  ExtractorFiles files;
  files.name = settings.extractor;
  if (settings.extractor == kMeanColour) {
    if (!settings.weights.empty())
      throw InputError("[extract]: weights: the extractor mean-colour has none; leave it out");
    return files;
  }
  if (settings.weights.empty()) {
    throw InputError("[extract]: weights is missing: the extractor " + settings.extractor +
                     " needs the file of its weights (docs/extraction.md says where it is published)");
  }
  files.content = hash_file(settings.weights);
  return files;
}

}  // namespace mtlgrid
