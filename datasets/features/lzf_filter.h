// h5py's LZF compression for HDF5.
#pragma once

namespace mtlgrid::hdf5 {

// Makes LZF (filter 32000), which h5py has built in and HDF5 has not, readable in this process, by liblzf. Calls after
// the first do nothing.
void register_lzf();

}  // namespace mtlgrid::hdf5
