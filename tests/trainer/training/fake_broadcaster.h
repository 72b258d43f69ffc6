// Broadcasters of one process: threads share tensors in memory, and one of them may fail at a call of its own.
#pragma once

#include <ATen/core/Tensor.h>

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>

#include "base/errors.h"
#include "trainer/nccl/broadcaster.h"

namespace mtlgrid::testing {

// What the threads share. When one fails the others' next call that needs it fails too, as if by a timeout.
class Board {
 public:
  void put(int call, const at::Tensor& values) {
    const std::lock_guard lock(mutex_);
    posted_[call] = values.clone();
    changed_.notify_all();
  }
  at::Tensor wait_for(int call) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return broken_ || posted_.count(call) == 1; });
    if (posted_.count(call) == 0) throw Error(ErrorKind::fatal, "timeout: a peer is gone");
    return posted_.at(call);
  }
  void break_off() {
    const std::lock_guard lock(mutex_);
    broken_ = true;
    changed_.notify_all();
  }
  void leave(int size) {
    std::unique_lock lock(mutex_);
    ++left_;
    changed_.notify_all();
    changed_.wait(lock, [&] { return broken_ || left_ == size; });
    if (left_ < size) throw Error(ErrorKind::fatal, "timeout: a peer is gone");
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<int, at::Tensor> posted_;
  int left_ = 0;
  bool broken_ = false;
};

class FakeBroadcaster : public Broadcaster {
 public:
  // `fails_at`: the call, from 0, that throws; -1: none.
  FakeBroadcaster(Board& board, int rank, int size, int fails_at = -1)
      : board_(board), rank_(rank), size_(size), fails_at_(fails_at) {}
  ~FakeBroadcaster() override {
    if (!finished_) board_.break_off();
  }
  int rank() const override { return rank_; }
  int size() const override { return size_; }
  void broadcast(const at::Tensor& values, int root) override {
    const int call = calls_++;
    if (call == fails_at_) throw Error(ErrorKind::fatal, "ncclBroadcast: unhandled system error");
    if (root == rank_) return board_.put(call, values);
    const at::Tensor from = board_.wait_for(call);
    if (!values.is_contiguous() || values.scalar_type() != from.scalar_type() || values.sizes() != from.sizes()) {
      throw Error(ErrorKind::fatal, "the calls do not match");
    }
    values.copy_(from);
  }
  void finish() override {
    board_.leave(size_);
    finished_ = true;
  }
  int calls() const { return calls_; }

 private:
  Board& board_;
  int rank_, size_, fails_at_, calls_ = 0;
  bool finished_ = false;
};

}  // namespace mtlgrid::testing
