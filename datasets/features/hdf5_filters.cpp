#include "datasets/features/hdf5_filters.h"

#include <array>
#include <cstddef>
#include <utility>
#include <vector>

namespace mtlgrid::hdf5 {
namespace {

// Filters that files of features were seen with and that HDF5 has not; https://github.com/HDFGroup/hdf5_plugins has
// the list.
constexpr std::array<std::pair<int, const char*>, 8> kKnown = {{{307, "bzip2"},
                                                                {32000, "lzf"},
                                                                {32001, "blosc"},
                                                                {32004, "lz4"},
                                                                {32008, "bitshuffle"},
                                                                {32013, "zfp"},
                                                                {32015, "zstd"},
                                                                {32026, "blosc2"}}};

std::string name_of(int id, const std::string& stored) {
  for (const auto& [known, name] : kKnown) {
    if (known == id) return name;
  }
  return stored;
}

}  // namespace

std::optional<MissingFilter> missing_filter(const Handle& dataset) {
  const Handle creation(MTLGRID_HDF5(H5Dget_create_plist(dataset.get())), H5Pclose);
  const int count = MTLGRID_HDF5(H5Pget_nfilters(creation.get()));
  for (int i = 0; i < count; ++i) {
    unsigned flags = 0, config = 0;
    std::size_t values = 0;
    std::array<char, 64> name{};
    const int id = MTLGRID_HDF5(H5Pget_filter2(creation.get(), static_cast<unsigned>(i), &flags, &values, nullptr,
                                               name.size() - 1, name.data(), &config));
    // A folder of plugins that is not there is an error of HDF5's, and no filter to us.
    if (H5Zfilter_avail(id) <= 0) return MissingFilter{id, name_of(id, name.data())};
  }
  return std::nullopt;
}

std::string plugin_folders() {
  unsigned count = 0;
  std::string out;
  MTLGRID_HDF5(H5PLsize(&count));
  for (unsigned i = 0; i < count; ++i) {
    std::vector<char> path(static_cast<std::size_t>(MTLGRID_HDF5(H5PLget(i, nullptr, 0))) + 1);
    MTLGRID_HDF5(H5PLget(i, path.data(), path.size()));
    out += (out.empty() ? "" : ", ") + std::string(path.data());
  }
  return out;
}

}  // namespace mtlgrid::hdf5
