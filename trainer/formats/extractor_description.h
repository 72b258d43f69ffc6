// The description of a network that a user brings: a small JSON file beside the model. And what is known of the weights
// of the networks that mtlgrid has itself. No torch: `mtlgrid` checks both before a run.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>

namespace mtlgrid {

// {"name": "uni", "model": "uni.pt", "input": 224, "mean": [0.485, 0.456, 0.406],
//  "standard_deviation": [0.229, 0.224, 0.225], "output": 1024, "batch": 64}
// The model takes tiles [n, 3, input, input] in float32, (byte / 255 - mean) / standard_deviation, and gives [n,
// output].
struct ExtractorDescription {
  enum class Kind { torchscript, aot_inductor };
  std::string name;  // letters, digits, '.', '_' and '-', at most 100
  std::filesystem::path
      model;  // .pt: TorchScript; .pt2: a package of AOTInductor. Relative to the description's folder
  Kind kind = Kind::torchscript;
  int input = 0;  // pixels a side, 1 to 4,096
  std::array<double, 3> mean{}, standard_deviation{};
  std::int64_t output = 0;  // features, 1 to 65,536
  int batch = 0;            // tiles that the model takes, no more and no fewer; 0 (or left out): any number
};

// Reads a description and checks that its model is there. Throws InputError with every problem (no file, not JSON, a
// key missing, unknown or out of range), each with the file and what is expected; SystemError where the system refuses.
ExtractorDescription read_extractor_description(const std::filesystem::path& file);

// Whether `extractor` (ExtractorSettings::extractor) names a description: it ends with .json.
bool is_description(const std::string& extractor);

// Nothing if `weights` is the file that the authors of `extractor` ("ctranspath", "chief-ctranspath") publish, by its
// SHA-256, or nothing is known of its weights; otherwise one line that says so. Reads all of the file. Throws as
// sha256_of().
std::string weights_note(const std::string& extractor, const std::filesystem::path& weights);

}  // namespace mtlgrid
