#include "results/store/store_sum.h"

#include <fstream>
#include <sstream>

#include "datasets/fingerprint.h"
#include "results/store/layout.h"

namespace mtlgrid {
namespace {

namespace fs = std::filesystem;

fs::path sum_file(const fs::path& store) { return store_path(store, StoreFile::sum); }

std::string sum_of(const fs::path& store) {
  return hash_file(store) + " " + std::to_string(fs::file_size(store)) + "\n";
}

}  // namespace

SumState check_sum(const fs::path& store) {
  std::ifstream in(sum_file(store), std::ios::binary);
  if (!in || !fs::exists(store)) return SumState::missing;
  std::ostringstream text;
  text << in.rdbuf();
  if (text.str() == sum_of(store)) return SumState::right;
  return fs::exists(sum_file(store)) ? SumState::wrong : SumState::missing;
}

void write_sum(Platform& platform, const fs::path& store) { write_by_rename(platform, sum_file(store), sum_of(store)); }

void remove_sum(const fs::path& store) { fs::remove(sum_file(store)); }

}  // namespace mtlgrid
