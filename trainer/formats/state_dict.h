// Reads weights from a PyTorch file. No torch.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "trainer/contract/parameters.h"

namespace mtlgrid {

// What a file holds beside the parameters of a layout.
struct StateDictForm {
  std::string inside;  // the key of an outer dict under which the state dict may stand; empty: there is none
  // Entries that may be there, with their shapes: buffers. Their values are not read.
  std::map<std::string, std::vector<std::int64_t>> optional;
};

// Reads what `torch.save(model.state_dict(), FILE)` of PyTorch 1.6 or later writes, a plain dict of tensors likewise,
// and what `mtlgrid export` writes: values in the layout's order, [layout.total]. Tensors may be float16, bfloat16,
// float32 or float64, of any strides, share storages, and come in any order; `form` says what else may stand there.
// Nothing in the file is executed, and its checksums are checked, which PyTorch does not do. Throws InputError with
// every problem, each with the file: unreadable, truncated or damaged archive, older format, names missing or not
// expected, shapes, other types, values that are not finite.
std::vector<double> read_state_dict(const std::filesystem::path& file, const ParameterLayout& layout,
                                    const StateDictForm& form = {});

}  // namespace mtlgrid
