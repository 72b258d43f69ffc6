// Weights as other programs want them.
#pragma once

#include <filesystem>

namespace mtlgrid {

// Writes the weights of a finished attempt (`weights.mtlgrid`, docs/trainer.md) as a PyTorch state dict with the
// released code's parameter names: a .pt file that torch.load(..., weights_only=True) reads. By rename; an existing
// file is replaced. Throws InputError if `weights` is no whole file of weights, Error(needs_person) if it cannot be
// written.
void export_state_dict(const std::filesystem::path& weights, const std::filesystem::path& out);

}  // namespace mtlgrid
