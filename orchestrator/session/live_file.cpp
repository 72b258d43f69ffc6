#include "orchestrator/session/live_file.h"

#include <algorithm>
#include <system_error>

#include "base/clock.h"
#include "base/files.h"

namespace mtlgrid {
namespace {

constexpr double kEvery = 2;   // seconds
constexpr double kShare = 50;  // of the time, at most one in so many goes into the file

}  // namespace

LiveFile::LiveFile(std::filesystem::path file, std::function<nlohmann::json()> status,
                   std::function<void(const std::string&)> say)
    : file_(std::move(file)), status_(std::move(status)), say_(std::move(say)) {}

LiveFile::~LiveFile() {
  std::error_code ignored;
  std::filesystem::remove(file_, ignored);
}

void LiveFile::at(double now) {
  if (now < next_) return;
  const double began = Clock::real().steady();
  try {
    write();
  } catch (const std::exception& e) {
    if (!std::exchange(told_, true)) say_(std::string("`mtlgrid status` cannot show this run live: ") + e.what());
  }
  next_ = now + std::max(kEvery, kShare * (Clock::real().steady() - began));
}

void LiveFile::write() const {
  const std::string text = status_().dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
  // Not synced: it is written every few seconds, and says nothing about a run that a power cut ended.
  write_by_rename(FileCalls::real(), file_, text, {.durability = Durability::none});
}

}  // namespace mtlgrid
