// Decoder threads ahead of the network: the tiles of a slide, supertile by supertile, in order.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "datasets/slides/tessellation.h"

namespace mtlgrid {

// The tiles that one supertile gave.
struct TileGroup {
  std::vector<Tile> tiles;
  SupertileCounts counts;
};

class TilePump {
 public:
  // Reads supertile i of `count`; called by several threads at once.
  using Read = std::function<TileGroup(std::size_t i)>;

  // Starts `threads` decoders, at least 1. They are at most `ahead` supertiles, at least 1, before the one that next()
  // returns.
  TilePump(Read read, std::size_t count, int threads, std::size_t ahead);
  TilePump(const TilePump&) = delete;
  TilePump& operator=(const TilePump&) = delete;
  // Waits for supertiles that are being read.
  ~TilePump();

  // The next supertile in order, within `seconds`; nullopt if it is not there by then. Throws what reading it threw.
  // Must not be called after the last one was returned.
  std::optional<TileGroup> next(double seconds);
  bool at_end() const { return next_ == count_; }

 private:
  struct Entry {
    TileGroup group;
    std::exception_ptr error;
  };
  void work();

  const Read read_;
  const std::size_t count_, ahead_;
  std::size_t next_ = 0;  // of the reader
  std::mutex mutex_;      // guards what follows
  std::condition_variable changed_;
  std::size_t begun_ = 0, limit_;  // supertiles from limit_ on must wait
  std::map<std::size_t, Entry> ready_;
  bool closing_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace mtlgrid
