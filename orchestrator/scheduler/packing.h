// Which queued cells a trainer trains next, together.
#pragma once

#include <cstddef>
#include <vector>

#include "base/cell.h"

namespace mtlgrid {

// The most cells that a pack can hold: one of each method in the registry.
int largest_pack();

// What decides how many cells the next pack of a trainer may hold.
struct PackFacts {
  int wanted = 0;    // train.pack; 0: auto
  bool gpu = false;  // whether the trainer has one
  int largest = 0;   // what its device has memory for; 0: no limit known
  int cells = 0;     // that wait or are being trained
  int trainers = 1;  // that live
};
// At least 1. `auto` is 1 on CPUs, where packs gain nothing (docs/performance.md), and on a GPU a trainer's share of
// all cells that are not done: a large pack costs less than two small ones. Where that leaves a trainer idle once
// nothing waits, a pack is split for it, if enough is left of it (kSplitSeconds).
int pack_width(const PackFacts& facts);

// A queued cell: its index, and how many cells a pack with it may hold (less after packs with it have died).
struct PackCandidate {
  std::size_t index;
  const Cell* cell;
  int limit;
};
// The cells of the first candidate's group that go with it, in their order; at most `width`, and no more than any of
// them allows. `queued` is not empty.
std::vector<std::size_t> choose_pack(const std::vector<PackCandidate>& queued, int width);

}  // namespace mtlgrid
