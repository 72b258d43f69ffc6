// A store that a run holds, as its readers find it, with a live file that a test writes.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "tests/results/store/store_fixture.h"

namespace mtlgrid::testing {

// Cells naive/0 and naive/1 are done, naive/2 has failed; baseline/0, /1 and /2 are pending.
class LiveStoreTest : public StoreTest {
 protected:
  LiveStoreTest() {
    // The lock's holder is looked for among the processes of this machine.
    platform.host_name = Platform::real().host();
    platform.machine_name = Platform::real().machine();
    fill_with_two_results_and_a_failure();
  }

  // From now on a run holds the store.
  void begin_run() { run.emplace(open_grid()); }

  // What the coordinator writes, `age` seconds old; `changes` replace fields.
  nlohmann::json live(double age = 1, const nlohmann::json& changes = nlohmann::json::object()) const {
    using nlohmann::json;
    const auto worker = [](int rank, const char* state, double heard, int busy, int broken, const char* why) {
      return json{{"rank", rank},     {"host", "node" + std::to_string(rank + 1)},
                  {"state", state},   {"heard_seconds", heard},
                  {"slots", 2},       {"busy", busy},
                  {"broken", broken}, {"device", "cpu"},
                  {"why", why}};
    };
    json j;
    j["time"] = Platform::real().now() - age;
    j["epoch"] = run ? run->epoch() : 1;
    j["grid"] = 1;
    j["cells"] = {{"total", 3}, {"done", 0}, {"failed", 0}, {"running", 1}, {"queued", 1}};
    j["share"] = 0.4375;
    j["eta_seconds"] = 125.0;
    j["gone_seconds"] = 61.0;
    j["stopping"] = false;
    j["ends"] = nullptr;
    j["workers"] = json::array({worker(0, "alive", 0.5, 1, 0, ""), worker(1, "silent", 40, 0, 1, "no memory")});
    json runs = {{"cell", "MSI/LF/baseline/0"},
                 {"attempt", 1},
                 {"rank", 0},
                 {"slot", 1},
                 {"epoch", 4},
                 {"epochs", 32},
                 {"started", Platform::real().now() - 30},
                 {"losses",
                  {{"train_classification", 0.5},
                   {"train_regression", nullptr},
                   {"valid_classification", 0.625},
                   {"valid_regression", nullptr}}},
                 {"pack", 2}};
    j["running"] = json::array({runs});
    j["queue"] = json::array({"MSI/LF/baseline/1"});
    j["avoid"]["MSI/LF/baseline/1"] = "its trainer died on worker 1 (node2): another is to try it";
    j.update(changes);
    return j;
  }
  void write_live(const nlohmann::json& content) const { write_file(progress(), content.dump()); }
  fs::path progress() const { return beside(file, ".progress"); }

  std::optional<Store> run;
};

}  // namespace mtlgrid::testing
