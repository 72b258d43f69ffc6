// Journals as version 1 wrote them: records without the checksum of the record before.
#pragma once

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <cstdint>
#include <filesystem>
#include <string>

#include "results/store/journal.h"
#include "tests/results/store/store_fixture.h"

namespace mtlgrid::testing {

template <typename Number>
void append_number(std::string& to, Number number) {
  to.append(reinterpret_cast<const char*>(&number), sizeof number);
}

// A record of version 1.
inline std::string unchained_record(std::uint64_t sequence, std::uint64_t epoch, const std::string& payload) {
  std::string record;
  append_number(record, kUnchainedMagic);
  append_number(record, static_cast<std::uint32_t>(payload.size()));
  append_number(record, sequence);
  append_number(record, epoch);
  const std::string hashed = record + payload;
  append_number(record, std::uint64_t{XXH3_64bits(hashed.data(), hashed.size())});
  return record + payload;
}

// Rewrites a journal to version 1.
inline void make_version_1(const fs::path& journal) {
  std::string old = read_file(journal).substr(0, kJournalHeader);
  old[8] = 1;
  read_journal(journal, [&](const JournalRecord& r) {
    old += unchained_record(r.sequence, r.epoch, {r.payload.begin(), r.payload.end()});
  });
  write_file(journal, old);
}

}  // namespace mtlgrid::testing
