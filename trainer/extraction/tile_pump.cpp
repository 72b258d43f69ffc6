#include "trainer/extraction/tile_pump.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace mtlgrid {

TilePump::TilePump(Read read, std::size_t count, int threads, std::size_t ahead)
    : read_(std::move(read)), count_(count), ahead_(ahead), limit_(ahead) {
  const std::size_t useful = std::min(static_cast<std::size_t>(threads), count);
  for (std::size_t i = 0; i < useful; ++i) threads_.emplace_back([this] { work(); });
}

TilePump::~TilePump() {
  {
    const std::lock_guard guard(mutex_);
    closing_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void TilePump::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return closing_ || begun_ == count_ || begun_ < limit_; });
    if (closing_ || begun_ == count_) return;
    const std::size_t mine = begun_++;
    lock.unlock();
    Entry entry;
    try {
      entry.group = read_(mine);
    } catch (...) {
      entry.error = std::current_exception();
    }
    lock.lock();
    ready_[mine] = std::move(entry);
    changed_.notify_all();
  }
}

std::optional<TileGroup> TilePump::next(double seconds) {
  std::unique_lock lock(mutex_);
  const auto there = [this] { return ready_.count(next_) != 0; };
  if (!changed_.wait_for(lock, std::chrono::duration<double>(seconds), there)) return std::nullopt;
  const auto found = ready_.find(next_);
  Entry entry = std::move(found->second);
  ready_.erase(found);
  ++next_;
  limit_ = next_ + ahead_;
  changed_.notify_all();
  if (entry.error) std::rethrow_exception(entry.error);
  return std::move(entry.group);
}

}  // namespace mtlgrid
