// What the header of a feature file says.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace mtlgrid {

// The header of a feature file. STAMP's layouts 1.x and 2.x are treated alike: both have `feats`.
struct FeatureInfo {
  std::int64_t tiles = 0, width = 0;
  std::string extractor;        // attribute `extractor`; else `encoder` of the dataset; empty if absent
  std::string dataset;          // where the features are: `feats`; else `patch_embeddings`, `features`, or the only one
  std::size_t value_bytes = 2;  // of a value on disk; 2 is float16, wider ones are rounded
  bool by_encoder = false;      // `extractor` is the dataset's `encoder`, as TRIDENT writes it
  std::string tile_size{};      // "256 um in 224 px", from STAMP's tile_size_um and tile_size_px; empty if absent
};

}  // namespace mtlgrid
