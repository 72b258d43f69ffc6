#include "trainer/training.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <fmt/format.h>
#include <torch/headeronly/version.h>

#include "datasets/errors.h"
#include "trainer/cell_run.h"
#include "trainer/device.h"
#include "trainer/environment.h"

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
    environment_ = host_environment();
    environment_.device = device_.text;
    environment_.cpu += " (" + at::get_cpu_capability() + ")";
    environment_.libraries = "torch " TORCH_VERSION;
    environment_.rank = setup_.rank;
    environment_.threads = run.threads;
    environment_.pack = 1;
  }
  Environment environment() const override { return environment_; }
  std::optional<CellResult> run(const Train& train, CellControl& control) override {
    try {
      CellRun cell(setup_.experiment, train, bags_, environment_);
      return cell.run(control);
    } catch (const c10::OutOfMemoryError& e) {
      const std::string sizes = fmt::format("pack {}, d_model {}", environment_.pack, setup_.experiment.model.d_model);
      throw Error(ErrorKind::cell_failed,
                  describe_out_of_memory(e.what_without_backtrace(), sizes, device_, memory_of(device_.device)));
    }
  }
  void finished(const Train& train) override {
    Checkpoints(train.directory, "").remove({train.resume.begin(), train.resume.end()});
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
