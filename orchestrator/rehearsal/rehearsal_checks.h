// What a rehearsal measures without a run: file system, clocks, limits. Each check is a function from what was measured
// to a finding for people; docs/rehearsal.md has the table.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/platform.h"

namespace mtlgrid {

enum class Verdict { ok, warning, problem };

struct Finding {
  Verdict verdict = Verdict::ok;
  std::string check, measured;
  std::string change;  // what to do about it; empty if ok
};

// Name of the type of the file system that holds `folder`, e.g. "nfs"; hexadecimal where it is not known.
std::string file_system_name(const std::filesystem::path& folder);

// Appends and fsyncs a small record several hundred times, for `budget` seconds at most. Leaves nothing behind. Throws
// FileError.
Finding check_fsync(Platform& platform, const std::filesystem::path& folder, double budget = 5);
// A file that is replaced by rename is seen whole and new, by a new reader.
Finding check_rename(Platform& platform, const std::filesystem::path& folder);
// flock and fcntl: a second descriptor of this process must not get the lock that the first one holds.
Finding check_locks(const std::filesystem::path& folder);
// `free` against `needed` bytes on the file system of `folder`.
Finding check_space(const std::string& check, const std::filesystem::path& folder, double needed, double free);
double free_bytes(const std::filesystem::path& folder);
// Open files against what a rank with `trainers` trainers needs.
Finding check_open_files(const std::string& who, std::uint64_t limit, int trainers);

// The difference of a rank's clock from rank 0's, of the exchange with the shortest way: it is right within half that.
class ClockSkew {
 public:
  // Seconds: sent and received by rank 0's wall clock, `there` by the other's in between.
  void add(double sent, double there, double received);
  int exchanges() const { return exchanges_; }
  Finding finding(const std::string& who) const;

 private:
  int exchanges_ = 0;
  double skew_ = 0, bound_ = 1e300;
};

// Whether this process is refused the locks that another holds on `file`, by a new descriptor: "flock" and "fcntl",
// each true if refused.
nlohmann::json try_locks(const std::filesystem::path& file);
// Takes both locks on `file` (created if need be) as long as the result lives. Throws FileError.
FileDescriptor hold_locks(const std::filesystem::path& file);

// All findings, the worst marked, with what to change below each.
std::string render_findings(const std::vector<Finding>& findings);
Verdict worst(const std::vector<Finding>& findings);

}  // namespace mtlgrid
