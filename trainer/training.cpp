#include "trainer/training.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <torch/headeronly/version.h>

#include <cstdio>

#include "datasets/errors.h"
#include "trainer/cell_run.h"
#include "trainer/environment.h"

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
    environment_.pack = 1;
  }
  Environment environment() const override { return environment_; }
  std::optional<CellResult> run(const Train& train, CellControl& control) override {
    bags_.share();
    CellRun cell(setup_.experiment, train, bags_, environment_);
    return cell.run(control);
  }
  void finished(const Train& train) override {
    Checkpoints(train.directory, "").remove({train.resume.begin(), train.resume.end()});
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
