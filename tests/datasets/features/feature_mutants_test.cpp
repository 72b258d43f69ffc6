// Feature files of every layout, damaged by chance but always the same: each gets an answer
// (tests/fuzz/features_fuzz.cpp says which). MTLGRID_MUTANTS: how many; by default a few seconds' worth.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <random>

#include "datasets/synthetic/synth_features.h"
#include "tests/datasets/support.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace mtlgrid::testing {
namespace {

// Good files: ours of both STAMP layouts, and those that h5py and torch wrote.
std::vector<std::string> good_files() {
  const TempFolder folder;
  const std::vector<std::uint16_t> values(64, 0x3c00);
  write_features(folder / "v1.h5", values, 8, StampLayout::v1, "STAMP-extract-1.1.0_2024-01-01_ctranspath");
  write_features(folder / "v2.h5", values, 8, StampLayout::v2, "ctranspath");
  std::vector<std::string> files{read_text(folder / "v1.h5"), read_text(folder / "v2.h5")};
  for (const char* name : {"big_endian.h5", "compressed.h5", "lzf.h5", "float64.h5", "patch_embeddings.h5",
                           "encoder_2_2.h5", "slide_level.h5", "layouts/trident.h5", "layouts/trident_slide.h5",
                           "layouts/clam_coords.h5", "layouts/dict.pt", "layouts/view.pt", "layouts/transposed.pt"}) {
    files.push_back(read_text(fixture(name)));
  }
  return files;
}

// Bits, bytes, runs of bytes, or the end.
std::string damaged(std::string bytes, std::mt19937& random) {
  const auto below = [&](std::size_t limit) { return static_cast<std::size_t>(random()) % limit; };
  switch (below(4)) {
    case 0:
      bytes[below(bytes.size())] ^= static_cast<char>(1 << below(8));
      break;
    case 1:
      for (std::size_t i = 1 + below(4); i > 0; --i) bytes[below(bytes.size())] = static_cast<char>(random());
      break;
    case 2: {
      const std::size_t begin = below(bytes.size()), size = std::min(bytes.size() - begin, 1 + below(64));
      std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(begin), size, below(2) == 0 ? '\0' : '\xff');
      break;
    }
    default:
      bytes.resize(below(bytes.size()));
  }
  return bytes;
}

TEST(FeatureMutants, AllGetAnAnswer) {
  const std::vector<std::string> files = good_files();
  const char* wanted = std::getenv("MTLGRID_MUTANTS");
  const int count = wanted == nullptr ? 300 : std::atoi(wanted);
  std::mt19937 random(18);  // NOLINT: the same files every time
  for (int i = 0; i < count; ++i) {
    const std::string bytes = damaged(files[static_cast<std::size_t>(i) % files.size()], random);
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  }
}

}  // namespace
}  // namespace mtlgrid::testing
