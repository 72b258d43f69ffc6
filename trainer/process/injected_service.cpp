#include "trainer/process/injected_service.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <thread>

#include "base/errors.h"

namespace mtlgrid {
namespace {

[[noreturn]] void never_return() {
  for (;;) ::pause();
}

void strike(const Injection& injection) {
  std::fprintf(stderr, "injected: %s\n", injection.what.c_str());
  if (injection.what == "crash") {
    ::signal(SIGSEGV, SIG_DFL);
    ::raise(SIGSEGV);
  }
  if (injection.what == "end-rank") {
    ::kill(::getppid(), SIGKILL);
    never_return();  // the kernel ends this process with its parent
  }
  if (injection.what == "hang") never_return();
  if (injection.what == "fail") throw Error(ErrorKind::cell_failed, "injected: fail");
  if (injection.what == "memory") throw Error(ErrorKind::out_of_memory, "injected: memory");
  if (injection.what == "full") throw Error(ErrorKind::needs_person, "injected: No space left on device");
}

// Injects faults where training asks whether to stop, which is before every step.
class InjectedControl : public PackControl {
 public:
  InjectedControl(PackControl& control, std::vector<Injection> injections)
      : control_(control), injections_(std::move(injections)) {}
  bool stop_requested() override {
    ++steps_;
    for (const Injection& injection : injections_) {
      if (injection.what == "slow") {
        std::this_thread::sleep_for(std::chrono::duration<double>(injection.number));
      } else if (steps_ >= injection.number) {  // >=: a caller that handles errors itself (the bag file) asks again
        strike(injection);
      }
    }
    return control_.stop_requested();
  }
  bool release_requested(const Train& member) override { return control_.release_requested(member); }
  void progress(const Train& member, int epoch, int epochs, const EpochLosses& losses) override {
    control_.progress(member, epoch, epochs, losses);
  }
  void resumed(const Train& member, int epoch, int epochs) override { control_.resumed(member, epoch, epochs); }
  void finished(const Train& member, const CellResult& result) override { control_.finished(member, result); }
  void failed(const Train& member, const Error& error) override { control_.failed(member, error); }
  void stopped(const Train& member) override { control_.stopped(member); }

 private:
  PackControl& control_;
  std::vector<Injection> injections_;
  double steps_ = 0;
};

class InjectedService : public CellService {
 public:
  InjectedService(std::unique_ptr<CellService> service, std::vector<Injection> injections)
      : service_(std::move(service)), injections_(std::move(injections)) {}
  Environment environment() const override { return service_->environment(); }
  int largest_pack() const override { return service_->largest_pack(); }
  std::string staging_lacks() const override { return service_->staging_lacks(); }
  std::string staging_id() override { return service_->staging_id(); }
  Staged stage(const Stage& order, const std::function<bool()>& stop) override { return service_->stage(order, stop); }
  bool keeps_logs() const override { return service_->keeps_logs(); }
  void run(const std::vector<Train>& members, PackControl& control) override {
    std::vector<Injection> here;
    for (const Injection& injection : injections_) {
      const auto meant = [&](const Train& m) { return injection.cell == "*" || injection.cell == m.cell.name(); };
      if (std::any_of(members.begin(), members.end(), meant)) here.push_back(injection);
    }
    InjectedControl injected(control, std::move(here));
    service_->run(members, injected);
  }

 private:
  std::unique_ptr<CellService> service_;
  std::vector<Injection> injections_;
};

}  // namespace

std::unique_ptr<CellService> with_injections(std::unique_ptr<CellService> service,
                                             const std::vector<Injection>& injections) {
  const std::string host = service->environment().host;
  std::vector<Injection> here;
  for (const Injection& injection : injections) {
    if (injection.host.empty() || injection.host == host) here.push_back(injection);
  }
  if (here.empty()) return service;
  return std::make_unique<InjectedService>(std::move(service), std::move(here));
}

}  // namespace mtlgrid
