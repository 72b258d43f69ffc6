#include "trainer/training/training.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <ATen/ops/empty.h>
#include <fmt/format.h>
#include <torch/headeronly/version.h>

#include <cstdio>
#include <optional>

#include "base/errors.h"
#include "base/limits.h"
#include "trainer/kernels/gpu_program.h"
#include "trainer/kernels/products.h"
#include "trainer/nccl/nccl.h"
#include "trainer/process/environment.h"
#include "trainer/training/cell_data.h"
#include "trainer/training/device.h"
#include "trainer/training/device_bags.h"
#include "trainer/training/pack_run.h"
#include "trainer/training/staging.h"

namespace mtlgrid {
namespace {

// Bytes of its GPU that a trainer keeps bags in: half of what is free at the start, of which trainers that share the
// GPU take equal parts; the other half is for packs and activations (largest_pack). Guessed. The CPU keeps none.
std::uint64_t room_for_bags(at::Device device, const RunSettings& run) {
  const auto memory = memory_of(device);
  return memory ? memory->free / 2 / static_cast<std::uint64_t>(run.trainers_per_gpu) : 0;
}

class TrainingService : public CellService {
 public:
  explicit TrainingService(const Setup& setup) : setup_(setup), cache_(setup_.experiment) {
    const RunSettings& run = setup_.experiment.run;
    device_ = own_device(run.device);
    if (device_.device.is_cuda()) at::empty({1}, at::device(device_.device));  // makes the context for what follows
    if (device_.device.is_cuda()) gpu::prepare(setup_.experiment.train.precision == "fp64");
    require_threads(run.threads);
    at::set_num_threads(run.threads);
    set_gpu_products(setup_.experiment.train.precision);
    environment_ = host_environment();
    environment_.device = device_.text;
    environment_.cpu += " (" + at::get_cpu_capability() + ")";
    environment_.libraries = "torch " TORCH_VERSION ", products by " + product_library();
    environment_.rank = setup_.rank;
    environment_.threads = run.threads;
    libraries_ = environment_.libraries;
    bags_.emplace(cache_, device_.device, room_for_bags(device_.device, run));
    if (device_.device.is_cuda()) environment_.libraries += ", " + features_before_staging();
  }
  Environment environment() const override { return environment_; }
  int largest_pack() const override {
    const auto memory = memory_of(device_.device);
    const auto sharers = static_cast<std::uint64_t>(setup_.experiment.run.trainers_per_gpu);
    return memory ? pack_that_fits(setup_.experiment, memory->free / 2 / sharers) : 0;
  }
  std::string staging_lacks() const override {
    if (!device_.device.is_cuda()) return "this trainer computes on the CPU";
    if (setup_.experiment.run.staging == "files") return "train.staging = files";
    return device_.text.starts_with("cuda:MIG-") ? "it does not take the parts of a GPU (MIG)" : nccl::lacks();
  }
  std::string staging_id() override { return nccl::make_id(); }
  Staged stage(const Stage& order, const std::function<bool()>& stop) override {
    const double began = Patience::steady_seconds();
    const Patience patience(order.timeout_seconds, stop);
    const auto join = [&] { return nccl::join(order.id, order.rank, order.size, device_.device, patience); };
    const StagingResult result = stage_bags(setup_.experiment, cache_, *bags_, order.nodes, join, patience);
    files_needed_ = !result.error.empty() || result.skipped > 0;
    environment_.libraries = libraries_ + ", " + features_text(result);
    return {result.error, result.cohorts, result.skipped, result.bytes, Patience::steady_seconds() - began,
            environment_};
  }
  void run(const std::vector<Train>& members, PackControl& control) override {
    const PackSettings settings = {device_.device, !device_.device.is_cpu()};
    for (;;) {
      if (files_needed_) share_bags(control);
      try {
        return PackRun(setup_.experiment, members, *bags_, environment_, settings).run(control);
      } catch (const c10::OutOfMemoryError& e) {
        const bool room = make_room();
        if (room && members.size() == 1) continue;  // from its checkpoint; a larger pack is retried in halves
        const std::string sizes =
            fmt::format("pack of {}, d_model {}", members.size(), setup_.experiment.model.d_model);
        throw Error(ErrorKind::out_of_memory,
                    describe_out_of_memory(e.what_without_backtrace(), sizes, device_, memory_of(device_.device)));
      }
    }
  }

 private:
  // For the attempt's record: where its features came from.
  static std::string features_text(const StagingResult& result) {
    const std::string why = result.error.empty() ? "no room on a GPU" : "NCCL: " + result.error;
    const bool whole = result.error.empty() && result.skipped == 0;
    if (result.cohorts == 0 && !whole) return "features from files (" + why + ")";
    return "features over NCCL " + nccl::version() + (whole ? "" : " in part, others from files (" + why + ")");
  }
  std::string features_before_staging() const {
    const bool wanted = setup_.experiment.run.staging != "files";
    return "features from files" + (wanted && !nccl::lacks().empty() ? " (NCCL: " + nccl::lacks() + ")" : "");
  }
  // Opens the node's bag file. A stop ends the wait for it; the pack then sees the stop before it needs a bag.
  void share_bags(PackControl& control) {
    try {
      cache_.share([&] {
        if (control.stop_requested()) throw Error(ErrorKind::fatal, "stopped");
      });
    } catch (const Error&) {
      if (!control.stop_requested()) throw;
    }
  }
  // A pack ran out of memory: frees the memory of the bags. Returns whether there were any.
  bool make_room() {
    const bool room = bags_->resident() > 0;
    if (room) {
      std::fprintf(stderr,
                   "GPU memory is short: resident bags are freed, and each bag is copied for each use from now on\n");
      environment_.libraries = libraries_ + ", features from files (bags left the GPU to make room)";
    }
    bags_->drop();
    files_needed_ = true;
    return room;
  }

  Setup setup_;
  BagCache cache_;
  TrainerDevice device_;
  std::optional<DeviceBags> bags_;  // made when the device is known
  Environment environment_;
  std::string libraries_;     // of the environment, without where features come from
  bool files_needed_ = true;  // bags that are not on the device may be needed
};

}  // namespace

std::unique_ptr<CellService> make_training_service(const Setup& setup) {
  return std::make_unique<TrainingService>(setup);
}

}  // namespace mtlgrid
