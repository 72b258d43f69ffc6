// Plans of the synthetic cohorts.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "datasets/features/fingerprint.h"
#include "datasets/synthetic/synth.h"
#include "orchestrator/plan/plan.h"
#include "tests/orchestrator/config/scratch.h"

namespace mtlgrid::testing {

// Synthetic cohorts, written once for all tests; a test that changes files copies the folder.
class PlanOfSynthetic : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    scratch_ = new Scratch;
    write_synthetic(scratch_->path() / "data", {});
  }
  static void TearDownTestSuite() {
    delete scratch_;
    scratch_ = nullptr;
  }
  static std::filesystem::path file() { return scratch_->path() / "data" / "grid.ini"; }

  static Plan plan(const std::filesystem::path& config_file = file()) {
    FingerprintMemory memory;
    return make_plan(load_config(config_file), memory);
  }

  // The configuration with some texts replaced (the first occurrence of each).
  using Changes = std::vector<std::pair<std::string, std::string>>;
  static std::filesystem::path changed(const Changes& changes) {
    std::ifstream stream(file());
    std::string text{std::istreambuf_iterator<char>(stream), {}};
    for (const auto& [from, to] : changes) {
      const auto at = text.find(from);
      EXPECT_NE(at, std::string::npos) << from;
      if (at != std::string::npos) text.replace(at, from.size(), to);
    }
    return scratch_->write("data/changed.ini", text);
  }
  static std::filesystem::path changed(const std::string& from, const std::string& to) {
    return changed(Changes{{from, to}});
  }
  // The problems of a plan, one a line.
  static std::string problems(const Changes& changes) {
    try {
      plan(changed(changes));
    } catch (const InputError& e) {
      return e.what();
    }
    return "(none)";
  }

  static inline Scratch* scratch_ = nullptr;
};

}  // namespace mtlgrid::testing
