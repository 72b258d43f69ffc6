// Names that become files and folders: which ones a configuration may use.
//
// A name that the file system refuses is refused here, before any data are read, instead of failing a cell or a table
// later. Names that differ by letter case alone are allowed: two grids of one file system that ignores case would share
// folders (docs/configuration.md).
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace mtlgrid {

// What is wrong with the name of a biomarker, an auxiliary or a cohort; empty if nothing is.
std::string name_problem(const std::string& name);

// What is wrong with two names together, which the files of a pair's tables have in their names; empty if nothing is.
std::string pair_problem(const std::string& biomarker, const std::string& auxiliary);

// What is wrong with the length of a store's path: of the names of the files beside it (on `host`, which is part of
// one), of what SQLite can open, and of the deepest file below STORE.d that the cells of these pairs (biomarker,
// auxiliary) have; empty if nothing is.
std::string store_problem(const std::filesystem::path& store, const std::string& host,
                          const std::vector<std::pair<std::string, std::string>>& pairs);

}  // namespace mtlgrid
