#include "datasets/pytorch/pickle_stack.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/errors.h"

namespace mtlgrid::pickled {
namespace {

constexpr std::size_t kItems = std::size_t{1} << 22;       // of all tuples
constexpr std::size_t kRemembered = std::size_t{1} << 22;  // values in the memo
constexpr int kDepth = 4;                                  // of tuples; a tensor's arguments have 2

}  // namespace

void damaged(const std::string& what) { throw InputError("damaged: " + what); }

void PickleStack::wrong_place(const Value& value) {
  damaged(fmt::format("a {} in the wrong place", kKinds[value.index()]));
}

void PickleStack::push(const Value& value) {
  if (stack_.size() == most_) damaged(fmt::format("more than {} values at once", most_));
  stack_.push_back(value);
}

const Value& PickleStack::top() const {
  if (stack_.empty()) damaged("an instruction without its operands");
  return stack_.back();
}

Value PickleStack::pop() {
  const Value value = top();
  stack_.pop_back();
  return value;
}

void PickleStack::drop(std::size_t n) {
  if (n > stack_.size()) damaged("an instruction without its operands");
  stack_.resize(stack_.size() - n);
}

std::vector<Value> PickleStack::pop_some(std::size_t n) {
  if (n > stack_.size()) damaged("an instruction without its operands");
  std::vector<Value> out(stack_.end() - static_cast<std::ptrdiff_t>(n), stack_.end());
  drop(n);
  return out;
}

std::size_t PickleStack::above_mark() const {
  const auto mark =
      std::find_if(stack_.rbegin(), stack_.rend(), [](const Value& v) { return std::holds_alternative<Mark>(v); });
  if (mark == stack_.rend()) damaged("a mark is missing");
  return static_cast<std::size_t>(mark - stack_.rbegin());
}

void PickleStack::push_tuple(std::size_t count, bool marked) {
  if (count > stack_.size()) damaged("an instruction without its operands");
  if (count > kItems - items_.size()) damaged(fmt::format("tuples of more than {} values", kItems));
  Tuple tuple{static_cast<std::uint32_t>(items_.size()), static_cast<std::uint32_t>(count), 1};
  items_.insert(items_.end(), stack_.end() - static_cast<std::ptrdiff_t>(count), stack_.end());
  for (std::uint32_t i = 0; i < tuple.count; ++i) {
    if (const auto* inner = std::get_if<Tuple>(&item(tuple, i))) tuple.depth = std::max(tuple.depth, inner->depth + 1);
  }
  if (tuple.depth > kDepth) damaged("tuples nested too deeply");
  drop(count + (marked ? 1 : 0));
  push(tuple);
}

// Python's memo has no gaps; others are filled with marks, which nothing can be.
void PickleStack::remember(std::uint64_t index) {
  if (index >= kRemembered) damaged(fmt::format("more than {} values to remember", kRemembered));
  if (index >= memo_.size()) memo_.resize(index + 1, Mark{});
  memo_[index] = top();
}

const Value& PickleStack::remembered(std::uint64_t index) const {
  if (index >= memo_.size() || std::holds_alternative<Mark>(memo_[index])) {
    damaged("a reference to an unknown memo entry");
  }
  return memo_[index];
}

}  // namespace mtlgrid::pickled
