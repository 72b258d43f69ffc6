// Feature files in PyTorch's format.
#pragma once

#include <memory>

#include "datasets/features/open_features.h"

namespace mtlgrid {

// Throws FileFault and SystemError as features.h says.
std::unique_ptr<OpenFeatures> open_pytorch_features(const FileToOpen& file, FeatureDisk& disk);

}  // namespace mtlgrid
