#include "trainer/training.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <torch/headeronly/version.h>

#include <cstdio>

#include "datasets/errors.h"
#include "trainer/cell_data.h"
#include "trainer/environment.h"
#include "trainer/pack_run.h"

namespace mtlgrid {
namespace {

class TrainingService : public CellService {
 public:
  explicit TrainingService(const Setup& setup) : setup_(setup), bags_(setup_.experiment) {
    const RunSettings& run = setup_.experiment.run;
    // Model and masks take a device, the loops over parameters do not yet: the CPU is all there is, and is recorded.
    if (run.device != "auto" && run.device != "cpu") {
      throw InputError("train.device = " + run.device + ": only the CPU is built so far");
    }
    at::set_num_threads(run.threads);
    environment_ = host_environment();
    environment_.device = "cpu";
    environment_.cpu += " (" + at::get_cpu_capability() + ")";
    environment_.libraries = "torch " TORCH_VERSION;
    environment_.rank = setup_.rank;
    environment_.threads = run.threads;
  }
  Environment environment() const override { return environment_; }
  void run(const std::vector<Train>& members, PackControl& control) override {
    PackRun(setup_.experiment, members, bags_, environment_, {}).run(control);
  }

 private:
  Setup setup_;
  BagCache bags_;
  Environment environment_;
};

}  // namespace

std::unique_ptr<CellService> make_training_service(const Setup& setup) {
  return std::make_unique<TrainingService>(setup);
}

}  // namespace mtlgrid
