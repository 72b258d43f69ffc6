#include "orchestrator/scheduler/packing.h"

#include <algorithm>

#include "balancers/methods/registry.h"

namespace mtlgrid {

int largest_pack() { return static_cast<int>(methods().size()); }

int pack_width(const PackFacts& facts) {
  int width = facts.wanted;
  if (width == 0) width = facts.gpu ? (facts.cells + facts.trainers - 1) / std::max(1, facts.trainers) : 1;
  if (facts.largest > 0) width = std::min(width, facts.largest);
  return std::clamp(width, 1, largest_pack());
}

std::vector<std::size_t> choose_pack(const std::vector<PackCandidate>& queued, int width) {
  const Cell& first = *queued.front().cell;
  std::vector<std::size_t> pack;
  int limit = width;
  for (const PackCandidate& candidate : queued) {
    const Cell& cell = *candidate.cell;
    const auto size = static_cast<int>(pack.size());
    if (!cell.same_group(first) || size >= std::min(limit, candidate.limit)) continue;
    limit = std::min(limit, candidate.limit);
    pack.push_back(candidate.index);
  }
  return pack;
}

}  // namespace mtlgrid
