#include "trainer/extraction/slide_extraction.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/errors.h"
#include "datasets/features/half.h"
#include "datasets/slides/rejection_thumbnail.h"
#include "datasets/slides/slide.h"
#include "datasets/slides/slide_mpp.h"
#include "datasets/slides/tessellation.h"
#include "trainer/extraction/slide_output.h"
#include "trainer/extraction/tile_pump.h"

namespace mtlgrid {
namespace {

constexpr double kWait = 0.5;                   // seconds between two looks at decoders that are at work
constexpr std::size_t kTileBytes = 512u << 20;  // of tiles that wait for the network, about
constexpr std::size_t kMostAhead = 8;           // supertiles that wait for the network
constexpr int kBytesWhileResampling = 16;       // for each pixel of a supertile's tiles, guessed from what is kept

TilingSettings tiling_of(const ExtractSettings& settings) {
  return {settings.tile_um, settings.tile_px, settings.brightness_cutoff, settings.canny_cutoff};
}

SlideMpp mpp_of(const Slide& slide, const SlideInput& input, const ExtractSettings& settings) {
  MppChoice choice;
  if (input.mpp > 0) choice.fallback = input.mpp;
  if (!input.mpp_source.empty()) choice.fallback_name = input.mpp_source;
  choice.tile_um = settings.tile_um;
  return slide_mpp(slide.properties(), slide.file(), choice);
}

// How many supertiles may wait for the network.
std::size_t lookahead(const SupertileGrid& grid, int tile_px) {
  const auto side = static_cast<std::size_t>(grid.side_tiles) * static_cast<std::size_t>(tile_px);
  return std::clamp<std::size_t>(kTileBytes / (side * side * kBytesWhileResampling), 1, kMostAhead);
}

// Tiles on their way into the network: full batches, which may have tiles of several supertiles.
class Batches {
 public:
  Batches(Extractor& extractor, int batch, int side) : extractor_(extractor), batch_(batch), side_(side) {
    features_.width = extractor.width();
  }
  // Computes every batch that `tiles` fill; `between` is called after each, and true ends it.
  bool add(std::vector<Tile> tiles, const std::function<bool()>& between) {
    for (const Tile& tile : tiles) {
      pixels_.insert(pixels_.end(), tile.rgb.begin(), tile.rgb.end());
      features_.places.emplace_back(tile.x_um, tile.y_um);
      if (++waiting_ < batch_) continue;
      compute();
      if (between()) return false;
    }
    return true;
  }
  SlideFeatures finish() {
    compute();
    return std::move(features_);
  }

 private:
  void compute() {
    if (waiting_ == 0) return;
    std::vector<float> values(static_cast<std::size_t>(waiting_) * static_cast<std::size_t>(features_.width));
    extractor_.features(pixels_.data(), waiting_, side_, values.data());
    const std::size_t before = features_.values.size();
    features_.values.resize(before + values.size());
    round_to_half(values, std::span(features_.values).subspan(before));
    pixels_.clear();
    waiting_ = 0;
  }

  Extractor& extractor_;
  const int batch_, side_;
  int waiting_ = 0;
  std::vector<std::uint8_t> pixels_;
  SlideFeatures features_;
};

// One that goes with a stop: nothing that was begun is to be finished.
struct StopAsked {};

class SlideRun {
 public:
  SlideRun(const Extraction::Slide& slide, const ExtractionMeans& means, const ExtractionListener& listener)
      : input_(slide.slide),
        cohort_(slide.cohort),
        means_(means),
        listener_(listener),
        slide_(input_.file),
        mpp_(mpp_of(slide_, input_, settings())) {}

  SlideRecord run() {
    const Tessellation tessellation(slide_, tiling_of(settings()), mpp_.value, [this] { stop_if_asked(); });
    SlideRecord record;
    record.slide_file = input_.file;
    record.bytes = input_.bytes;
    record.width = slide_.width();
    record.height = slide_.height();
    record.mpp = mpp_.value;
    record.mpp_source = mpp_.source;
    record.too_bright = tessellation.tiles_rejected_by_brightness();
    record.too_plain = 0;
    const SlideFeatures features = features_of(tessellation, record);
    record.kept = static_cast<std::int64_t>(features.places.size());
    record.tiles = record.kept + record.too_bright + record.too_plain;
    write(features, record);
    return record;
  }

 private:
  const ExtractSettings& settings() const { return means_.extraction.settings; }
  void stop_if_asked() const {
    if (listener_.stop()) throw StopAsked{};
  }

  SlideFeatures features_of(const Tessellation& tessellation, SlideRecord& record) {
    const auto read = [&](std::size_t i) {
      TileGroup group;
      group.tiles = tessellation.read(i, group.counts);
      return group;
    };
    TilePump pump(read, tessellation.supertiles(), means_.decoders, lookahead(tessellation.grid(), settings().tile_px));
    Batches batches(means_.extractor, settings().batch, settings().tile_px);
    const int count = static_cast<int>(tessellation.supertiles());
    for (int done = 0; done < count;) {
      std::optional<TileGroup> group = pump.next(kWait);
      if (!group) continue;
      stop_if_asked();
      record.too_plain += group->counts.rejected_by_texture;
      if (!batches.add(std::move(group->tiles), listener_.stop)) throw StopAsked{};
      listener_.progress(++done, count);
    }
    return batches.finish();
  }

  void write(const SlideFeatures& features, SlideRecord& record) {
    const std::filesystem::path file = feature_file_of(cohort_, input_);
    std::error_code made;  // whoever writes the file says why there is no folder
    std::filesystem::create_directories(file.parent_path(), made);
    std::filesystem::path picture = file;
    picture.replace_extension(".jpg");
    write_jpeg(means_.files, picture,
               rejection_image(slide_, features.places, settings().tile_um, mpp_.value, [this] { stop_if_asked(); }));
    if (features.places.empty()) {
      std::filesystem::remove(file, made);
      return;
    }
    write_feature_file(
        means_.files, file, features,
        {means_.extractor.name(), settings().tile_um, settings().tile_px,
         extraction_mark(means_.extraction.identity, mpp_.value, mpp_.source), record, means_.extractor.libraries()});
    record.feature_file = file.string();
  }

  const SlideInput& input_;
  const SlideCohort& cohort_;
  const ExtractionMeans& means_;
  const ExtractionListener& listener_;
  Slide slide_;
  SlideMpp mpp_;
};

}  // namespace

std::optional<SlideRecord> extract_slide(const Extraction::Slide& slide, const ExtractionMeans& means,
                                         const ExtractionListener& listener) {
  try {
    return SlideRun(slide, means, listener).run();
  } catch (const StopAsked&) {
    return std::nullopt;
  }
}

}  // namespace mtlgrid
