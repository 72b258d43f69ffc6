#include "results/store/store_sum.h"

#include <sstream>

#include "datasets/features/fingerprint.h"
#include "results/store/layout.h"
#include "results/store/small_file.h"

namespace mtlgrid {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLongestSum = 1 << 16;  // bytes; a sum has a line a table

fs::path sum_file(const fs::path& store) { return store_path(store, StoreFile::sum); }

std::string sum_of(const fs::path& bytes) { return hash_file(bytes) + " " + std::to_string(fs::file_size(bytes)); }

}  // namespace

SumState check_sum(const fs::path& store) { return check_sum(store, store); }

SumState check_sum(const fs::path& store, const fs::path& bytes) {
  const SmallFile sum = read_small_file(sum_file(store), kLongestSum);
  if (!sum.there || !fs::exists(bytes)) return SumState::missing;
  const std::size_t end = sum.bytes.find('\n');
  if (end != std::string::npos && sum.bytes.substr(0, end) == sum_of(bytes)) return SumState::right;
  return fs::exists(sum_file(store)) ? SumState::wrong : SumState::missing;
}

std::optional<StoreContents> summed_contents(const fs::path& store) {
  std::istringstream in(read_small_file(sum_file(store), kLongestSum).bytes);
  std::string line;
  std::getline(in, line);
  StoreContents contents;
  while (std::getline(in, line)) {
    std::istringstream fields(line);
    TableContents table;
    if (!(fields >> table.name >> table.rows >> table.hash)) return std::nullopt;
    contents.push_back(table);
  }
  if (contents.empty()) return std::nullopt;
  return contents;
}

std::string make_sum(const fs::path& bytes, const StoreContents& contents) {
  std::string text = sum_of(bytes) + "\n";
  for (const TableContents& table : contents) {
    text += table.name + " " + std::to_string(table.rows) + " " + table.hash + "\n";
  }
  return text;
}

void write_sum(Platform& platform, const fs::path& store, const std::string& sum) {
  write_by_rename(platform, sum_file(store), sum);
}

void remove_sum(const fs::path& store) { remove_small_file(sum_file(store)); }

}  // namespace mtlgrid
