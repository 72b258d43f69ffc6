// The bags of a trainer on its device: on a GPU they stay in its memory as float16; on the CPU they are only in
// BagCache. Torch.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "trainer/training/cell_data.h"

namespace mtlgrid {

// A patient of a cohort whose tiles were staged: its index in the cohort, and its number of tiles.
struct StagedPatient {
  int patient = 0;
  std::int64_t tiles = 0;
};

class DeviceBags {
 public:
  // `cache` must outlive this object. `room`: bytes of `device` that resident bags may take. A bag that does not fit
  // is copied for each use; with a room of 0, which is right for the CPU, every bag is copied.
  DeviceBags(BagCache& cache, at::Device device, std::uint64_t room) : cache_(cache), device_(device), room_(room) {}

  // A patient's bag in the type of `like`, which is on the device, [N, D]. A bag that is not resident is copied from
  // the cache and stays if there is room. Throws as BagCache::bag does.
  at::Tensor bag(const CellPatient& patient, const at::Tensor& like);
  // `bag` will soon be called for this patient: a hint that costs nothing.
  void prepare(const CellPatient& patient) const;

  at::Device device() const { return device_; }
  // Bytes of the room that are still free.
  std::uint64_t room() const { return room_ - used_; }
  // An uninitialised buffer for adopt(), float16 [tiles, width] on the device; undefined if there is no room for it, or
  // the device has no memory.
  at::Tensor reserve(std::int64_t tiles, std::int64_t width) const;
  // Takes ownership of `buffer`: the tiles of `patients` one after the other. Patients without tiles get no bag.
  // Throws Error(fatal) if the tiles do not add up to the buffer, or it exceeds the room.
  void adopt(int cohort, const std::vector<StagedPatient>& patients, const at::Tensor& buffer);
  // How many bags are resident.
  std::size_t resident() const { return bags_.size(); }
  // Frees all resident bags and keeps none from now on. For a device whose memory is needed otherwise.
  void drop();

 private:
  BagCache& cache_;
  at::Device device_;
  std::uint64_t room_, used_ = 0;
  std::map<std::pair<int, int>, at::Tensor> bags_;  // by cohort and patient; float16 [N, D], on the device
};

}  // namespace mtlgrid
