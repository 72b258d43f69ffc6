// A journal, as it is and with checksums that fit: records that are decoded one by one, or refused.
#define XXH_INLINE_ALL
#include <xxhash.h>

#include <cstring>

#include "base/errors.h"
#include "results/store/journal.h"
#include "results/store/store_records.h"
#include "tests/fuzz/input.h"

using namespace mtlgrid;

namespace {

void read(const std::string& bytes) {
  const auto visit = [](const JournalRecord& record) {
    try {
      encode(decode(record.payload));
    } catch (const Error&) {
    }
  };
  try {
    const JournalEnd end = read_journal(fuzz::as_file(bytes, "journal"), visit);
    fuzz::expect(end.end <= bytes.size(), "an end within the file");
  } catch (const Error&) {
  }
}

// With a right magic number, length and checksum wherever a record seems to begin.
std::string sealed(std::string bytes) {
  for (std::size_t at = kJournalHeader; at + kRecordHeader <= bytes.size();) {
    std::uint32_t length = 0;
    std::memcpy(bytes.data() + at, &kJournalMagic, 4);
    std::memcpy(&length, bytes.data() + at + 4, 4);
    const std::size_t rest = bytes.size() - at - kRecordHeader;
    if (length > rest) {
      length = static_cast<std::uint32_t>(rest);
      std::memcpy(bytes.data() + at + 4, &length, 4);
    }
    std::string checked = bytes.substr(at, 24) + bytes.substr(at + kRecordHeader, length);
    const std::uint64_t sum = XXH3_64bits(checked.data(), checked.size());
    std::memcpy(bytes.data() + at + 24, &sum, 8);
    at += kRecordHeader + length;
  }
  return bytes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes = fuzz::text_of(data, size);
  read(bytes);
  read(sealed(bytes));
  return 0;
}
