// What a store publishes: the database and a snapshot of it for readers, STORE.done for scripts.
//
// No run ever writes to STORE in place: it commits to STORE.working and replaces STORE by copies of that. So whoever
// reads or writes STORE for however long holds up nobody, and what he writes there is gone with the next copy.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "base/platform.h"
#include "datasets/features/fingerprint.h"

namespace mtlgrid {

class Database;

// The file that STORE is, or points to where it is a symbolic link: what is replaced is the file, not the link.
std::filesystem::path database_file(const std::filesystem::path& store);

class StorePublisher {
 public:
  // Takes STORE as it is now for the store's own. `platform` must outlive this.
  StorePublisher(Platform& platform, std::filesystem::path store);

  // Each copies `database` (no transaction open) to a temporary name and renames it: a reader sees either the old file
  // or the new one. A failure leaves the old file in place and throws.
  void publish_snapshot(const Database& database);  // STORE.snapshot
  // STORE; if it cannot be replaced for another reason than a full disk (some network file systems keep a file that is
  // open), it lags, which take_notice() says, and the next call tries again.
  void publish_store(const Database& database);
  bool lags() const { return lags_; }
  // The last copy of a run: STORE and STORE.sum, on the disk when this returns.
  void finish(const Database& database);

  // Once each: that another program has written to STORE or is about to, or that STORE lags; who, why, what to do.
  std::optional<std::string> take_notice();

 private:
  void copy(const Database& database, const std::filesystem::path& to);
  void replace_store(const std::filesystem::path& fresh);
  void aim_at(std::filesystem::path target);
  void follow_store();

  Platform& platform_;
  std::filesystem::path store_, target_, fresh_;
  std::optional<FileStamp> seen_;
  std::optional<std::string> notice_;
  bool noticed_ = false, lags_ = false;
};

// STORE.done, one JSON object: `counts` with status, epoch and time (seconds since 1970) added. By rename, fsynced.
void write_done(Platform& platform, const std::filesystem::path& store, int status, std::uint64_t epoch,
                nlohmann::json counts);

}  // namespace mtlgrid
