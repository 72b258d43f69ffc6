// A file of weights of a small network, value i being i.
#pragma once

#include <filesystem>

#include "tests/trainer/contract/tiny_experiment.h"
#include "trainer/contract/parameters.h"
#include "trainer/formats/weights.h"

namespace mtlgrid::testing {

class SmallWeights {
 public:
  SmallWeights() {
    weights.cell = {"MSI", "LF", "naive", 2};
    weights.model = {.d_model = 8, .heads = 2, .ff = 12, .encoder_layers = 2, .decoder_layers = 1, .dropout = 0.1};
    weights.width = 300;  // a shape above one byte
    weights.grid = "small";
    weights.label_column = "is.MSIH";
    weights.auxiliary_column = "LF";
    layout = make_layout(weights.model, weights.width, weights.label_column, weights.auxiliary_column);
    for (std::int64_t i = 0; i < layout.total; ++i) weights.values.push_back(static_cast<float>(i));
    write_weights_file(file(), weights);
  }
  std::filesystem::path file() const { return folder.path() / "weights.mtlgrid"; }
  std::filesystem::path out() const { return folder.path() / "weights.pt"; }
  TemporaryFolder folder;
  Weights weights;
  ParameterLayout layout;
};

}  // namespace mtlgrid::testing
