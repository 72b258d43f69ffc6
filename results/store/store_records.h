// The journal's records: every mutation of the store is one of these. Payloads are MessagePack
// (docs/store-internals.md).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "results/records/attempt_failure.h"
#include "results/records/grid_record.h"
#include "results/records/records.h"

namespace mtlgrid {

// A run opened the store for writing: whatever an earlier one left running is interrupted.
struct RunOpened {
  std::uint64_t epoch = 0;
  std::string host, version;
  std::int64_t pid = 0;
  double time = 0;
};

struct GridRegistered {
  GridRecord grid;
  double time = 0;
};

struct AttemptBegun {
  std::int64_t grid = 0;  // grid_id, here and below
  Cell cell;
  int attempt = 0;
  Environment where;
  double started = 0;
};

struct ResultCommitted {
  std::int64_t grid = 0;
  CellResult result;
  bool replace = false;
};

struct FailureCommitted {
  std::int64_t grid = 0;
  AttemptFailure failure;
};

struct FailedReset {
  std::int64_t grid = 0;
  std::vector<Cell> cells;
};

using StoreRecord =
    std::variant<RunOpened, GridRegistered, AttemptBegun, ResultCommitted, FailureCommitted, FailedReset>;

std::vector<std::uint8_t> encode(const StoreRecord& record);
// Throws Error(fatal) for bytes that are not a record of this version.
StoreRecord decode(std::span<const std::uint8_t> bytes);

// Hex XXH3-128 of a grid as it is registered: the same content needs no second record.
std::string content_hash(const GridRecord& grid);

}  // namespace mtlgrid
