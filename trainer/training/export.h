// Weights as a PyTorch state dict. Torch, whose writer makes the archive.
#pragma once

#include <filesystem>

#include "trainer/contract/requests.h"

namespace mtlgrid {

// Writes the weights of a finished attempt (`weights.mtlgrid`, docs/trainer.md) as a PyTorch state dict with the
// released code's parameter names: a .pt file that torch.load(..., weights_only=True) reads. Written under a temporary
// name and renamed; an existing file is replaced. Throws InputError if `weights` is not a complete file of the
// weights of its cell, Error(needs_person) if the disk is full.
//
// The file is a zip archive with data.pkl, a pickle of a dict of tensors, and one record of raw values for each
// storage. The pickle is written opcode by opcode, because torch's own C++ pickler tags containers with globals that
// torch.load(weights_only=True) refuses.
void export_state_dict(const WeightsOfCell& weights, const std::filesystem::path& out);

}  // namespace mtlgrid
