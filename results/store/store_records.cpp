#include "results/store/store_records.h"

#include <memory>
#include <new>
#include <nlohmann/json.hpp>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/decode.h"
#include "base/errors.h"
#include "results/store/packed_bytes.h"

namespace mtlgrid {

using nlohmann::json;

// Named members, so that a field added later is told apart from one that is missing.
NLOHMANN_JSON_SERIALIZE_ENUM(Outcome, {{Outcome::failed, "failed"},
                                       {Outcome::crashed, "crashed"},
                                       {Outcome::lost, "lost"},
                                       {Outcome::stopped, "stopped"},
                                       {Outcome::interrupted, "interrupted"}})
static void to_json(json& j, const AttemptFailure& f) {
  j = {{"cell", f.cell},     {"attempt", f.attempt}, {"outcome", f.outcome}, {"cause", f.cause},
       {"detail", f.detail}, {"final", f.final},     {"ended", f.ended},     {"resumed", f.resumed}};
}
static void from_json(const json& j, AttemptFailure& f) {
  j.at("cell").get_to(f.cell);
  j.at("attempt").get_to(f.attempt);
  j.at("outcome").get_to(f.outcome);
  j.at("cause").get_to(f.cause);
  j.at("detail").get_to(f.detail);
  j.at("final").get_to(f.final);
  j.at("ended").get_to(f.ended);
  f.resumed = j.value("resumed", 0);  // journals of earlier versions do not say
}
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(RunOpened, epoch, host, version, pid, time)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(AttemptBegun, grid, cell, attempt, where, started)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(ResultCommitted, grid, result, replace)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(FailureCommitted, grid, failure)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(FailedReset, grid, cells)

// Splits and drops are tens of thousands of rows, and splits of large grids millions: arrays, not maps.
static void from_json(const json& j, SplitRows& rows) {
  rows.clear();
  for (const json& r : j) {
    rows.add(r.at(0).get_ref<const std::string&>(), r.at(1).get_ref<const std::string&>(), r.at(2).get<int>(),
             r.at(3).get_ref<const std::string&>(), r.at(4).get_ref<const std::string&>());
  }
}
static void to_json(json& j, const GridRecord::DropRow& r) {
  j = json::array({r.biomarker, r.auxiliary, r.drop.cohort, r.drop.patient, r.drop.slide, r.drop.reason});
}
static void from_json(const json& j, GridRecord::DropRow& r) {
  j.at(0).get_to(r.biomarker);
  j.at(1).get_to(r.auxiliary);
  j.at(2).get_to(r.drop.cohort);
  j.at(3).get_to(r.drop.patient);
  j.at(4).get_to(r.drop.slide);
  j.at(5).get_to(r.drop.reason);
}
static void to_json(json& j, const GridRecord::CohortRow& r) { j = json::array({r.biomarker, r.cohort, r.role}); }
static void from_json(const json& j, GridRecord::CohortRow& r) {
  j.at(0).get_to(r.biomarker);
  j.at(1).get_to(r.cohort);
  j.at(2).get_to(r.role);
}
static void from_json(const json& j, GridRecord& g) {
  j.at("identity").get_to(g.identity);
  j.at("settings").get_to(g.settings);
  j.at("cells").get_to(g.cells);
  j.at("splits").get_to(g.splits);
  j.at("drops").get_to(g.drops);
  j.at("cohorts").get_to(g.cohorts);
}
static void from_json(const json& j, GridRegistered& r) {
  j.at("grid").get_to(r.grid);
  j.at("time").get_to(r.time);
}

namespace {

// Names in the order of StoreRecord's alternatives.
constexpr const char* kKinds[] = {"run", "grid", "begin", "result", "failure", "reset"};

template <std::size_t I = 0>
StoreRecord decode_kind(const std::string& kind, const json& body) {
  if constexpr (I == std::variant_size_v<StoreRecord>) {
    throw Error(ErrorKind::fatal, "journal: record of unknown kind '" + kind + "'");
  } else {
    if (kind == kKinds[I]) return body.get<std::variant_alternative_t<I, StoreRecord>>();
    return decode_kind<I + 1>(kind, body);
  }
}

}  // namespace

namespace {

// A map in the order of its keys, as json writes it, without the rows as JSON values.
void write_grid(const GridRecord& grid, PackedBytes& bytes) {
  const auto member = [&](const char* key, const json& value) {
    bytes.text(key);
    bytes.value(value);
  };
  bytes.map(6);
  member("cells", grid.cells);
  member("cohorts", grid.cohorts);
  member("drops", grid.drops);
  member("identity", grid.identity);
  member("settings", grid.settings);
  bytes.text("splits");
  bytes.array(grid.splits.size());
  for (const SplitRow& row : grid.splits) {
    bytes.array(5);
    bytes.text(row.biomarker);
    bytes.text(row.auxiliary);
    bytes.number(row.fold);
    bytes.text(row.patient);
    bytes.text(row.role);
  }
}

void write_body(const GridRegistered& registered, PackedBytes& bytes) {
  bytes.map(2);
  bytes.text("grid");
  write_grid(registered.grid, bytes);
  bytes.text("time");
  bytes.value(registered.time);
}
template <typename Record>
void write_body(const Record& record, PackedBytes& bytes) {
  bytes.value(record);
}

}  // namespace

std::vector<std::uint8_t> encode(const StoreRecord& record) {
  std::vector<std::uint8_t> all;
  {
    PackedBytes bytes([&](std::span<const std::uint8_t> part) { all.insert(all.end(), part.begin(), part.end()); });
    bytes.array(2);
    bytes.text(kKinds[record.index()]);
    std::visit([&](const auto& r) { write_body(r, bytes); }, record);
  }
  return all;
}

StoreRecord decode(std::span<const std::uint8_t> bytes) {
  try {
    const json whole = decode_msgpack({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    return decode_kind(whole.at(0).get<std::string>(), whole.at(1));
  } catch (const json::exception& e) {
    throw Error(ErrorKind::fatal, std::string("journal: a record cannot be decoded: ") + e.what());
  } catch (const DecodeError& e) {
    throw Error(ErrorKind::fatal, std::string("journal: a record cannot be decoded: ") + e.what());
  }
}

std::string content_hash(const GridRecord& grid) {
  const std::unique_ptr<XXH3_state_t, decltype(&XXH3_freeState)> state(XXH3_createState(), XXH3_freeState);
  if (!state || XXH3_128bits_reset(state.get()) == XXH_ERROR) throw std::bad_alloc();
  {
    PackedBytes bytes(
        [&](std::span<const std::uint8_t> part) { XXH3_128bits_update(state.get(), part.data(), part.size()); });
    write_grid(grid, bytes);
  }
  const XXH128_hash_t hash = XXH3_128bits_digest(state.get());
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string hex;
  for (const std::uint64_t word : {hash.high64, hash.low64}) {
    for (int shift = 60; shift >= 0; shift -= 4) hex += kDigits[(word >> shift) & 15];
  }
  return hex;
}

}  // namespace mtlgrid
