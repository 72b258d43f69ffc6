// A configuration proposed from what some folders hold.
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace mtlgrid {

struct Proposal {
  std::string configuration;  // the text, every guess under a comment with its evidence
  // Slide tables that had to be made, because no table names the files as the join needs it: file and content.
  std::vector<std::pair<std::filesystem::path, std::string>> slide_tables;
  bool complete = true;              // false: has no biomarker, and a section that is to be completed
  std::vector<std::string> summary;  // what is proposed, and what was passed over: one line each
};

}  // namespace mtlgrid
