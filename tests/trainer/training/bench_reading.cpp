// Microseconds to read a bag: feature file -> float16 in memory -> float32 tensor, the file in the page cache.
//   reading                writes its files into a temporary folder, times them and removes them
//   reading write FOLDER   writes the files alone, and prints their names
//   reading time FILE...   prints a line a file: NAME, then microseconds: to float16, to a tensor, of the limit
// The limit is what the machine takes for the same bytes: a read of the file into memory that is there already, and,
// for float32 files, nothing for the conversion. Beside h5py: bench_reading.py.
#include <ATen/Parallel.h>
#include <ATen/ops/zeros.h>
#include <fcntl.h>
#include <fmt/core.h>
#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <climits>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/random.h"
#include "datasets/features/features.h"
#include "datasets/features/half.h"
#include "datasets/features/hdf5.h"
#include "trainer/training/prediction.h"

namespace {

using namespace mtlgrid;

constexpr hsize_t kWidth = 768, kTilesPerChunk = 64;
constexpr double kSecondsPerFigure = 0.4;

enum class Layout { contiguous, chunked, rows, gzip };  // rows: chunks of one, as TRIDENT and CLAM write them

// Half zeros, half positive, as features behind a ReLU: gzip gets them to a little more than half.
std::vector<float> features(hsize_t tiles) {
  const RandomStream random(1337, "bench/reading");
  std::vector<float> values(tiles * kWidth);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = std::max(0.0f, random.uniform_float(i) - 0.5f);
  return values;
}

hdf5::Handle creation(Layout layout, hsize_t tiles) {
  hdf5::Handle properties(MTLGRID_HDF5(H5Pcreate(H5P_DATASET_CREATE)), H5Pclose);
  const hsize_t chunk[2] = {layout == Layout::rows ? 1 : std::min(tiles, kTilesPerChunk), kWidth};
  if (layout != Layout::contiguous) MTLGRID_HDF5(H5Pset_chunk(properties.get(), 2, chunk));
  if (layout == Layout::gzip) MTLGRID_HDF5(H5Pset_deflate(properties.get(), 4));
  return properties;
}

void write_file(const std::filesystem::path& file, hsize_t tiles, bool half, Layout layout) {
  const std::vector<float> values = features(tiles);
  std::vector<std::uint16_t> rounded(values.size());
  std::transform(values.begin(), values.end(), rounded.begin(), to_half);
  const hsize_t shape[2] = {tiles, kWidth};
  const hdf5::Handle half_type = hdf5::float16_type(), root = hdf5::create_file(file);
  const hid_t type = half ? half_type.get() : H5T_NATIVE_FLOAT;
  const hdf5::Handle space(MTLGRID_HDF5(H5Screate_simple(2, shape, nullptr)), H5Sclose);
  const hdf5::Handle properties = creation(layout, tiles);
  const hdf5::Handle dataset(
      MTLGRID_HDF5(H5Dcreate2(root.get(), "feats", type, space.get(), H5P_DEFAULT, properties.get(), H5P_DEFAULT)),
      H5Dclose);
  const void* data = half ? static_cast<const void*>(rounded.data()) : values.data();
  MTLGRID_HDF5(H5Dwrite(dataset.get(), type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data));
  hdf5::write_attribute(root, "extractor", "bench");
}

std::vector<std::filesystem::path> write_files(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  for (const bool half : {true, false}) {
    for (const auto& [layout, name] :
         {std::pair(Layout::contiguous, "contiguous"), std::pair(Layout::chunked, "chunked"),
          std::pair(Layout::rows, "rows"), std::pair(Layout::gzip, "gzip")}) {
      for (const hsize_t tiles : {42, 1000, 4000}) {
        files.push_back(folder / fmt::format("float{}-{}-{}.h5", half ? 16 : 32, name, tiles));
        write_file(files.back(), tiles, half, layout);
      }
    }
  }
  return files;
}

// The median: other work on the machine makes some repetitions longer, and nothing makes one shorter.
double microseconds(const std::function<void()>& run) {
  using Clock = std::chrono::steady_clock;
  std::vector<double> times;
  run();
  const auto start = Clock::now();
  while (times.size() < 5 || Clock::now() - start < std::chrono::duration<double>(kSecondsPerFigure)) {
    const auto begin = Clock::now();
    run();
    times.push_back(std::chrono::duration<double, std::micro>(Clock::now() - begin).count());
  }
  std::nth_element(times.begin(), times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2), times.end());
  return times[times.size() / 2];
}

void read_plain(const std::filesystem::path& file, std::vector<char>& out) {
  const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0 || ::read(descriptor, out.data(), out.size()) != static_cast<ssize_t>(out.size())) {
    throw std::runtime_error(file.string() + ": cannot be read");
  }
  ::close(descriptor);
}

void time_file(const std::filesystem::path& file) {
  const at::Tensor like = at::zeros({1});
  std::vector<char> bytes(std::filesystem::file_size(file));
  const double limit = microseconds([&] { read_plain(file, bytes); });
  const double half = microseconds([&] { read_bag({file}); });
  const double tensor = microseconds([&] {
    const Bag bag = read_bag({file});
    bag_tensor(view_of(bag), like);
  });
  fmt::print("{}\t{:.0f}\t{:.0f}\t{:.0f}\n", file.stem().string(), half, tensor, limit);
  std::fflush(stdout);
}

void run(const std::vector<std::string>& arguments) {
  const std::string command = arguments.empty() ? "" : arguments[0];
  if (command == "write" && arguments.size() == 2) {
    for (const auto& file : write_files(arguments[1])) fmt::print("{}\n", file.string());
  } else if (command == "time") {
    for (std::size_t i = 1; i < arguments.size(); ++i) time_file(arguments[i]);
  } else if (command.empty()) {
    std::string name = (std::filesystem::temp_directory_path() / "mtlgrid-bench-XXXXXX").string();
    const std::filesystem::path folder = ::mkdtemp(name.data());
    fmt::print("file\tfloat16\ttensor\tlimit (microseconds)\n");
    for (const auto& file : write_files(folder)) time_file(file);
    std::filesystem::remove_all(folder);
  } else {
    throw std::runtime_error("usage: reading | reading write FOLDER | reading time FILE...");
  }
}

}  // namespace

int main(int argc, char** argv) {
  try {
    ::mallopt(M_MMAP_MAX, 0);  // as the trainer does
    ::mallopt(M_TRIM_THRESHOLD, INT_MAX);
    at::set_num_threads(1);
    run({argv + 1, argv + argc});
    return 0;
  } catch (const std::exception& e) {
    fmt::print(stderr, "reading: {}\n", e.what());
    return 2;
  }
}
