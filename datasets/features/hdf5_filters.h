// The filters (compressions) through which HDF5 stores datasets: which are there.
#pragma once

#include <optional>
#include <string>

#include "datasets/features/hdf5.h"

namespace mtlgrid::hdf5 {

struct MissingFilter {
  int id = 0;
  std::string name;  // "zstd"; empty if nobody knows
};
// A filter that reading the dataset needs and that neither HDF5 nor a plugin provides; nullopt if there is none.
std::optional<MissingFilter> missing_filter(const Handle& dataset);

// Where HDF5 looks for plugins (HDF5_PLUGIN_PATH, or what it was built with), separated by ", ".
std::string plugin_folders();

}  // namespace mtlgrid::hdf5
