// The named random streams of a group (pair, fold and repeat): the same for every method, rank and pack. No torch.
#pragma once

#include <string>

#include "base/cell.h"
#include "base/random.h"

namespace mtlgrid {

struct GroupStreams {
  RandomStream weights;  // .child(parameter): initial values
  RandomStream order;    // .child(epoch): permutation of the training bags
  RandomStream meta;     // .child(epoch): permutation of the training bags for Auto-Lambda's meta step
  RandomStream dropout;  // .child(epoch).child(step).child(pass).child(place)
  GroupStreams(std::uint64_t seed, const Cell& cell)
      : weights(seed, name(cell, "weights")),
        order(seed, name(cell, "order")),
        meta(seed, name(cell, "meta")),
        dropout(seed, name(cell, "dropout")),
        seed_(seed),
        prefix_(name(cell, "")) {}

  // Of a gradient aggregation, by its name in the registry (graddrop's U of all shared parameters, for one):
  // .child(epoch).child(step).
  RandomStream aggregation(const std::string& aggregation) const { return {seed_, prefix_ + aggregation}; }

  // "MSI/LF/3/dropout", of repeat 2 "MSI/LF/3.2/dropout": the method is left out.
  static std::string name(const Cell& cell, const std::string& purpose) {
    return cell.pair() + "/" + cell.fold_name() + "/" + purpose;
  }

 private:
  std::uint64_t seed_;
  std::string prefix_;  // "MSI/LF/3/"
};

}  // namespace mtlgrid
