// A small configuration, changed line by line, and the problems that are found in it.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/errors.h"
#include "orchestrator/config/config.h"
#include "tests/orchestrator/config/scratch.h"

namespace mtlgrid {

// A whole configuration; line numbers in the tests below count in it.
constexpr const char* kMinimal = R"([grid]
store = out/grid.db
[cohort.A]
clini = a/clini.csv
slides = a/slide.csv
features = a/feats
[cohort.B]
clini = b/clini.csv
slides = b/slide.csv
features = /data/b
[biomarker.MSI]
train = A
external = B
label = isMSIH
positive = MSIH
auxiliaries = ITH, LF: Leukocyte Fraction
)";

class Configuration : public ::testing::Test {
 protected:
  Config load(const std::string& text) { return load_config(scratch_.write("c.ini", text)); }

  // The problems of a configuration, without the folder.
  std::vector<std::string> problems(const std::string& text) {
    try {
      load(text);
    } catch (const InputError& e) {
      std::vector<std::string> lines = e.problems();
      for (std::string& line : lines) {
        const std::string folder = scratch_.path().string() + "/";
        for (auto at = line.find(folder); at != std::string::npos; at = line.find(folder))
          line.erase(at, folder.size());
      }
      return lines;
    }
    return {};
  }

  // The minimal configuration with one line replaced, or a text appended.
  static std::string with(const std::string& old_line, const std::string& new_line) {
    std::string text = kMinimal;
    const auto at = text.find(old_line + "\n");
    EXPECT_NE(at, std::string::npos) << old_line;
    return text.replace(at, old_line.size(), new_line);
  }
  static std::string plus(const std::string& more) { return kMinimal + more; }

  testing::Scratch scratch_;
};

}  // namespace mtlgrid
