// From tiles to features: the interface of every extractor. make_extractor.h makes them. No torch in this header.
#pragma once

#include <cstdint>
#include <string>

namespace mtlgrid {

struct ExtractorSettings {
  // mean-colour, ctranspath, chief-ctranspath, or the path of a description (JSON) of any other network
  // (trainer/formats/extractor_description.h).
  std::string extractor = "ctranspath";
  std::string weights = {};        // file of the weights; empty where there are none or the description names them
  std::string precision = "fp32";  // fp32, bf16; fp64 for checks
  std::string device = "cpu";      // cpu, cuda
  int threads = 1;                 // compute threads; the caller sets them for the process, this is for the record
  int batch = 64;                  // tiles that the network takes at a time, at least 1
};

// Computes features of tiles. A tile's features depend on its pixels, the settings and the machine, not on the other
// tiles of a call, their number, or its place among them. Not to be used by several threads at a time.
class Extractor {
 public:
  virtual ~Extractor() = default;
  Extractor() = default;
  Extractor(const Extractor&) = delete;
  Extractor& operator=(const Extractor&) = delete;

  // As in the attribute `extractor` of STAMP's files: ctranspath, chief_ctranspath, mean-colour, or a description's.
  virtual std::string name() const = 0;
  virtual std::int64_t width() const = 0;     // features a tile
  virtual int side() const = 0;               // pixels a side of the tiles it takes; 0: any
  virtual std::string libraries() const = 0;  // what computes, with versions, for the record
  // What people should know about the weights, one line each: for one that they are not the published ones.
  virtual std::string notes() const { return {}; }
  // `tiles`: n RGB tiles of `side` x `side` pixels, 8 bits, row-major, interleaved: [n, side, side, 3]. `out`: room for
  // [n, width()]. Throws InputError if `side` is not what the extractor takes (naming tile_px), and Error(cell_failed)
  // if a feature is not finite.
  virtual void features(const std::uint8_t* tiles, int n, int side, float* out) = 0;
};

}  // namespace mtlgrid
