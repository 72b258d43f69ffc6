// What a path holds and whether it looks right, for `mtlgrid inspect`.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace mtlgrid {

struct Inspection {
  std::filesystem::path path;
  std::string kind;  // "feature file", "folder of features", "table", ...
  // In the order in which they are shown: texts, numbers, lists of texts, and lists of objects with the same keys,
  // which are shown as tables.
  nlohmann::ordered_json facts = nlohmann::ordered_json::object();
  std::vector<std::string> wrong{};  // what does not look right, a sentence each; empty: nothing was noticed
};

// For people: the path with its kind, a fact a line, and what is wrong. Printable.
std::string inspection_text(const Inspection& inspection);

// For programs: an object with `path`, `kind`, `right` (whether nothing is wrong), `wrong` and `facts`.
nlohmann::ordered_json inspection_json(const Inspection& inspection);

}  // namespace mtlgrid
