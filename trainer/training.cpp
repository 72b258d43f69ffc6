#include "trainer/training.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <fmt/format.h>
#include <torch/headeronly/version.h>

#include "datasets/errors.h"
#include "trainer/cell_data.h"
#include "trainer/device.h"
#include "trainer/environment.h"
#include "trainer/pack_run.h"
#include "trainer/products.h"

namespace mtlgrid {
namespace {

class TrainingService : public CellService {
 public:
  explicit TrainingService(const Setup& setup) : setup_(setup), bags_(setup_.experiment) {
    const RunSettings& run = setup_.experiment.run;
    device_ = choose_device(run.device, device_facts());
    const std::string lacks = device_.device.is_cuda() ? cuda_lacks() : "";
    if (!lacks.empty()) throw InputError(device_.text + ": " + lacks);
    at::set_num_threads(run.threads);
    set_gpu_products(setup_.experiment.train.precision);
    environment_ = host_environment();
    environment_.device = device_.text;
    environment_.cpu += " (" + at::get_cpu_capability() + ")";
    environment_.libraries = "torch " TORCH_VERSION ", products by " + product_library();
    environment_.rank = setup_.rank;
    environment_.threads = run.threads;
  }
  Environment environment() const override { return environment_; }
  int largest_pack() const override {
    const auto memory = memory_of(device_.device);
    return memory ? pack_that_fits(setup_.experiment, memory->free) : 0;
  }
  void run(const std::vector<Train>& members, PackControl& control) override {
    const PackSettings settings = {device_.device, !device_.device.is_cpu()};
    bags_.share();
    try {
      PackRun(setup_.experiment, members, bags_, environment_, settings).run(control);
    } catch (const c10::OutOfMemoryError& e) {
      const std::string sizes = fmt::format("pack of {}, d_model {}", members.size(), setup_.experiment.model.d_model);
      throw Error(ErrorKind::out_of_memory,
                  describe_out_of_memory(e.what_without_backtrace(), sizes, device_, memory_of(device_.device)));
    }
  }

 private:
  Setup setup_;
  BagCache bags_;
  TrainerDevice device_;
  Environment environment_;
};

}  // namespace

std::unique_ptr<CellService> make_training_service(const Setup& setup) {
  return std::make_unique<TrainingService>(setup);
}

}  // namespace mtlgrid
