#include "orchestrator/session/live_file.h"

#include <algorithm>
#include <chrono>
#include <fstream>
#include <system_error>

#include "base/errors.h"

namespace mtlgrid {
namespace {

constexpr double kEvery = 2;   // seconds
constexpr double kShare = 50;  // of the time, at most one in so many goes into the file

double seconds_of(const std::chrono::steady_clock::duration& d) { return std::chrono::duration<double>(d).count(); }

}  // namespace

std::filesystem::path live_file(const std::filesystem::path& store) { return store.string() + ".progress"; }

LiveFile::LiveFile(std::filesystem::path file, std::function<nlohmann::json()> picture,
                   std::function<void(const std::string&)> say)
    : file_(std::move(file)), picture_(std::move(picture)), say_(std::move(say)) {}

LiveFile::~LiveFile() {
  std::error_code ignored;
  std::filesystem::remove(file_, ignored);
}

void LiveFile::at(double now) {
  if (now < next_) return;
  const auto began = std::chrono::steady_clock::now();
  try {
    write();
  } catch (const std::exception& e) {
    if (!std::exchange(told_, true)) say_(std::string("`mtlgrid status` cannot show this run live: ") + e.what());
  }
  next_ = now + std::max(kEvery, kShare * seconds_of(std::chrono::steady_clock::now() - began));
}

void LiveFile::write() const {
  const std::filesystem::path whole = file_.string() + ".tmp";
  std::ofstream out(whole, std::ios::trunc);
  out << picture_().dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << '\n';
  out.close();
  if (!out) throw Error(ErrorKind::fatal, whole.string() + ": cannot be written");
  std::filesystem::rename(whole, file_);
}

}  // namespace mtlgrid
