// tile_slide SLIDE MPP TILE_UM TILE_PX BRIGHTNESS CANNY [RGB]: the tiles of a slide as JSON, for comparison with other
// programs. BRIGHTNESS and CANNY may be "none". MPP is what counts for slides that carry none; "none" where there is
// none. RGB: a file that gets the bytes of all tiles.
#include <cstdio>
#include <exception>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "datasets/slides/slide_mpp.h"
#include "datasets/slides/tessellation.h"

using namespace mtlgrid;

namespace {

std::optional<double> number(const std::string& text) {
  return text == "none" ? std::nullopt : std::optional(std::stod(text));
}

nlohmann::json as_json(const Tile& tile) {
  double mean[3] = {0, 0, 0};
  for (std::size_t i = 0; i < tile.rgb.size(); ++i) mean[i % 3] += tile.rgb[i];
  const double pixels = static_cast<double>(tile.rgb.size()) / 3;
  return {tile.x_um, tile.y_um, tile.edge_share, {mean[0] / pixels, mean[1] / pixels, mean[2] / pixels}};
}

int run(int argc, char** argv) {
  const std::string file = argv[1];
  const TilingSettings settings{.tile_um = std::stod(argv[3]),
                                .tile_px = std::stoi(argv[4]),
                                .brightness_cutoff = number(argv[5]),
                                .canny_cutoff = number(argv[6])};
  const Slide slide(file);
  const SlideMpp mpp = slide_mpp(slide.properties(), file, {.fallback = number(argv[2]), .tile_um = settings.tile_um});
  const Tessellation tessellation(slide, settings, mpp.value);
  std::ofstream rgb(argc > 7 ? argv[7] : "/dev/null", std::ios::binary);
  SupertileCounts counts;
  nlohmann::json tiles = nlohmann::json::array();
  for (std::size_t i = 0; i < tessellation.supertiles(); ++i) {
    for (const Tile& tile : tessellation.read(i, counts)) {
      tiles.push_back(as_json(tile));
      rgb.write(reinterpret_cast<const char*>(tile.rgb.data()), static_cast<std::streamsize>(tile.rgb.size()));
    }
  }
  const nlohmann::json answer = {{"openslide", openslide::version_text()},
                                 {"mpp", mpp.value},
                                 {"mpp_source", mpp.source},
                                 {"tiles_before_texture", counts.seen},
                                 {"rejected_by_brightness", tessellation.tiles_rejected_by_brightness()},
                                 {"tiles", std::move(tiles)}};
  std::printf("%s\n", answer.dump().c_str());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 7) {
    std::fprintf(stderr, "usage: tile_slide SLIDE MPP TILE_UM TILE_PX BRIGHTNESS CANNY [RGB]\n");
    return 2;
  }
  try {
    return run(argc, argv);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
  }
}
