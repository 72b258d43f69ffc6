// What the header of a feature file says.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "datasets/features/tile_geometry.h"

namespace mtlgrid {

// The attribute by which `mtlgrid extract` tells its feature files apart: the identity of the grid of slides, and what
// the slide itself did not say (trainer/contract/extraction.h, extraction_mark()).
inline constexpr const char* kExtractionAttribute = "mtlgrid_extraction";
// What `mtlgrid extract` saw of the slide: a SlideRecord without paths, as JSON.
inline constexpr const char* kSlideAttribute = "mtlgrid_slide";

// What the rows of a feature file are of.
enum class FeatureLevel {
  row,        // one row, and nothing says of what: of a slide's only tile, or of a slide
  tile,       // several rows, or said to be tiles
  embedding,  // one vector: [D], one row for several coordinates, or a slide's or patient's encoder is named
  slide,      // said to be of a slide
  patient,    // said to be of a patient
};

// The header of a feature file. STAMP's layouts 1.x and 2.x are treated alike: both have `feats`.
struct FeatureInfo {
  std::int64_t tiles = 0, width = 0;  // rows, 0 of a slide without tissue; numbers of a row
  std::string extractor;              // attribute `extractor`; else `encoder` of the dataset; empty if absent
  std::string dataset;  // where the features are: `feats`; else `patch_embeddings`, `features`, or the only one;
                        // empty where a PyTorch file is the tensor itself
  std::size_t value_bytes = 2;  // of a value on disk; 2 is float16, wider ones are rounded
  bool by_encoder = false;      // `extractor` is the dataset's `encoder`, as TRIDENT writes it, or bags_config.json's
  TileGeometry geometry{};
  FeatureLevel level = FeatureLevel::tile;
  std::int64_t coordinates = -1;  // rows of `coords`; -1 if there is none, or it is not read as coordinates
  bool pytorch = false;           // a file of torch.save, which has no attributes
  bool bfloat16 = false;          // values of 2 bytes that are rounded
  std::string extraction{};       // kExtractionAttribute; empty if absent
  std::string slide{};            // kSlideAttribute; empty if absent
};

}  // namespace mtlgrid
