// A node's bag file, as it is and with a key and checksum that fit: the right bags, or refused.
#include <xxhash.h>

#include <algorithm>
#include <cstring>

#include "base/errors.h"
#include "datasets/bags/bag_file.h"
#include "datasets/bags/patient_bag.h"
#include "tests/fuzz/bag_sources.h"
#include "tests/fuzz/input.h"

using namespace mtlgrid;

namespace {

void read(const std::string& bytes) {
  const std::vector<BagSource> sources = fuzz::bag_sources();
  try {
    BagFile file(fuzz::as_file(bytes, "bags"), sources, [](const std::string&) {});
    for (const BagSource& source : sources) {
      Bag bag;
      file.prepare(source.cohort, source.patient);
      if (file.read(source.cohort, source.patient, bag)) {
        fuzz::expect(is_bag_of(view_of(bag), source.files), "the bag that was asked for");
      }
    }
  } catch (const InputError&) {
  }
}

// docs/bag-file.md: 64 bytes of header (key at 16, checksum at 56), lines of 32 bytes.
std::string sealed(std::string bytes) {
  if (bytes.size() < 64) return bytes;
  const std::string key = bag_key(fuzz::bag_sources());
  std::copy(key.begin(), key.end(), bytes.begin() + 16);
  std::uint32_t entries = 0;
  std::memcpy(&entries, bytes.data() + 12, sizeof entries);
  const std::size_t table = std::min<std::size_t>(std::size_t{entries} * 32, bytes.size() - 64);
  const std::uint64_t sum = XXH3_64bits_withSeed(bytes.data() + 64, table, XXH3_64bits(bytes.data(), 56));
  std::memcpy(bytes.data() + 56, &sum, sizeof sum);
  return bytes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes = fuzz::text_of(data, size);
  read(bytes);
  read(sealed(bytes));
  return 0;
}
