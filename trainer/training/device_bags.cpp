#include "trainer/training/device_bags.h"

#include <ATen/ops/empty.h>
#include <c10/util/Exception.h>
#include <fmt/format.h>

#include "base/errors.h"
#include "trainer/training/prediction.h"

namespace mtlgrid {
namespace {

std::uint64_t bytes_of(std::int64_t tiles, std::int64_t width) {
  return static_cast<std::uint64_t>(tiles) * static_cast<std::uint64_t>(width) * sizeof(std::uint16_t);
}

}  // namespace

at::Tensor DeviceBags::bag(const CellPatient& patient, const at::Tensor& like) {
  const auto key = std::pair(patient.cohort, patient.patient);
  if (const auto found = bags_.find(key); found != bags_.end()) return found->second.to(like.scalar_type());
  const BagView view = cache_.bag(patient);
  const std::uint64_t bytes = bytes_of(view.tiles, view.width);
  if (bytes > room()) return bag_tensor(view, like);
  // A copy on the CPU too, where only tests have room: the view ends with the cache.
  const at::Tensor bag = half_tensor(view).to(at::TensorOptions().device(device_), false, true);
  used_ += bytes;
  return bags_.emplace(key, bag).first->second.to(like.scalar_type());
}

void DeviceBags::prepare(const CellPatient& patient) const {
  if (bags_.count({patient.cohort, patient.patient}) == 0) cache_.prepare(patient);
}

at::Tensor DeviceBags::reserve(std::int64_t tiles, std::int64_t width) const {
  if (bytes_of(tiles, width) > room()) return {};
  try {
    return at::empty({tiles, width}, at::TensorOptions().dtype(at::kHalf).device(device_));
  } catch (const c10::OutOfMemoryError&) {
    return {};
  }
}

void DeviceBags::adopt(int cohort, const std::vector<StagedPatient>& patients, const at::Tensor& buffer) {
  std::int64_t tiles = 0;
  for (const StagedPatient& patient : patients) tiles += patient.tiles;
  const std::uint64_t bytes = bytes_of(buffer.size(0), buffer.size(1));
  if (tiles != buffer.size(0) || bytes > room()) {
    throw Error(ErrorKind::fatal, fmt::format("{} staged tiles in a buffer of {}, {} bytes with room for {}", tiles,
                                              buffer.size(0), bytes, room()));
  }
  used_ += bytes;
  std::int64_t offset = 0;
  for (const StagedPatient& patient : patients) {
    if (patient.tiles > 0) bags_[{cohort, patient.patient}] = buffer.narrow(0, offset, patient.tiles);
    offset += patient.tiles;
  }
}

void DeviceBags::drop() {
  bags_.clear();
  room_ = used_ = 0;
}

}  // namespace mtlgrid
