// The tables, feature files and slides below some folders, by the names of files alone.
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace mtlgrid {

struct FoundFiles {
  std::vector<std::filesystem::path> folders;  // that were looked into, without links
  std::vector<std::filesystem::path> tables;   // ascending
  // Folder to the names of the feature files directly in it (.h5, .pt), ascending.
  std::map<std::filesystem::path, std::vector<std::string>> features;
  std::map<std::filesystem::path, std::size_t> slides;  // folder to the number of whole-slide images directly in it
  std::vector<std::string> notes;                       // what was passed over, one sentence a cause
};

// Looks into `folders` and everything below them, links to folders included, each real folder once. Folders and files
// whose names begin with a dot, and what mtlgrid itself writes beside a store, are passed over without a note. Paths
// are absolute. Folders and tables whose names no configuration can have are a note. Throws InputError for a name that
// is not a folder, SystemError for a folder that cannot be listed; a sub-folder that cannot is a note.
FoundFiles find_files(const std::vector<std::filesystem::path>& folders);

// Whether a configuration can have `name`: without line breaks, control and invisible characters.
bool can_be_written(const std::string& name);

// Whether `name` ends like a whole-slide image that OpenSlide reads.
bool is_slide_name(const std::string& name);

}  // namespace mtlgrid
