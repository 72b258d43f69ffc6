// Folders as people have them, small, and what is proposed for them.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "orchestrator/config/config.h"
#include "orchestrator/proposal/proposal.h"
#include "tests/orchestrator/config/scratch.h"

namespace mtlgrid::testing {

class Study {
 public:
  // A feature file of two tiles below the study's folder.
  void features(const std::string& relative, const std::string& extractor = "ctranspath", std::int64_t width = 3);
  // A copy of one of tests/datasets/fixtures/layouts.
  void layout(const std::string& relative, const std::string& name);
  void table(const std::string& relative, const std::string& text) { scratch_.write(relative, text); }
  // A csv of `patients` rows: `row(i)` for i from 0, below `header`.
  void table(const std::string& relative, const std::string& header, int patients,
             const std::function<std::string(int)>& row);
  std::filesystem::path folder() const { return scratch_.path(); }

  // What is proposed for the folder. The configuration and its slide tables are written, and read as `plan` would.
  const Proposal& propose();
  Config config() const;
  std::vector<std::string> problems();  // why nothing is proposed

 private:
  Scratch scratch_;
  Proposal proposal_;
};

// A table of 12 patients P00 to P11 with label column `label` (every third positive) and LF.
std::string clini_row(int i, const std::string& positive, const std::string& negative);

// "P07" of 7.
std::string patient(int i);

}  // namespace mtlgrid::testing
