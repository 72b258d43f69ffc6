// The best weights of a finished attempt, with everything needed to use them, as a file in the attempt's folder. No
// torch.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/cell.h"
#include "results/store/layout.h"
#include "trainer/contract/experiment.h"

namespace mtlgrid {

struct Weights {
  Cell cell;
  ModelSettings model;
  std::int64_t width = 0;                      // D
  std::string label_column, auxiliary_column;  // the targets' names
  double minimum = 0, range = 1;               // scaling of the regression target
  int epoch = 0;                               // best epoch, from 1
  std::vector<float> values;                   // in the order of make_layout(); float32 for any train.precision
  std::string grid{};  // identity of the grid, data included; empty in files of versions that did not record it
};

// The file is complete or absent; errors as write_container.
void write_weights_file(const std::filesystem::path& file, const Weights& weights);
// Throws InputError if FILE is not a complete file of weights, or its values do not match its own model.
Weights read_weights_file(const std::filesystem::path& file);

// Throws InputError naming both unless `weights`, read from `file`, are of this cell of the grid with this identity.
// Files without a grid are taken to be of any.
void require_weights_of(const Weights& weights, const std::filesystem::path& file, const Cell& cell,
                        const std::string& grid);

}  // namespace mtlgrid
