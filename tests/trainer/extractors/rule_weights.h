// CTransPath's weights and three tiles by rule, as tests/oracle/ctranspath.py makes them, and a file of them such as
// torch.save writes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "trainer/formats/ctranspath_weights.h"

namespace mtlgrid::testing {

ctranspath::Weights rule_weights();
// [3, 224, 224, 3]
std::vector<std::uint8_t> rule_tiles();

// What a file holds beside or instead of the parameters.
struct CheckpointForm {
  bool wrapped = true;     // {"model": state dict, "epoch": 3}; else the state dict alone
  bool buffers = true;     // num_batches_tracked, relative_position_index and attn_mask, as the published file
  std::string extra = {};  // one more tensor of this name, [2]
  std::string left_out = {};
};
void write_checkpoint(const std::filesystem::path& file, const ctranspath::Weights& weights,
                      const CheckpointForm& form);

}  // namespace mtlgrid::testing
