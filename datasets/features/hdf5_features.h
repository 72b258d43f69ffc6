// Feature files in HDF5.
#pragma once

#include <memory>

#include "datasets/features/open_features.h"

namespace mtlgrid {

// Throws FileFault, SystemError and hdf5::Hdf5Error as features.h says.
std::unique_ptr<OpenFeatures> open_hdf5_features(const FileToOpen& file, FeatureDisk& disk);

}  // namespace mtlgrid
