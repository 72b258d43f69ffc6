// The stack and the memo of a machine that reads pickles, and the values in them. All of it is bounded: a damaged or
// hostile pickle throws InputError.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace mtlgrid::pickled {

// Values of a pickle, of 24 bytes each. Texts are views of the pickle.
struct None {};
struct Mark {};
struct Float {};  // its value is of no use
struct List {};   // its items are not kept
struct Global {
  std::string_view name;  // a function with its module, or the class of a storage alone
};
// Objects that the memo may give to several places: where they are kept.
struct TensorAt {
  std::size_t index;
};
struct DictAt {
  std::size_t index;
};
struct Tuple {
  std::uint32_t first, count;  // of the items of all tuples
  int depth;
};
using Value =
    std::variant<None, Mark, bool, std::int64_t, std::string_view, Global, TensorAt, DictAt, Tuple, Float, List>;
constexpr const char* kKinds[] = {"None",   "mark", "bool",  "number", "text", "global",
                                  "tensor", "dict", "tuple", "number", "list"};

// Throws InputError: "damaged: WHAT".
[[noreturn]] void damaged(const std::string& what);

class PickleStack {
 public:
  // `most`: values at once.
  explicit PickleStack(std::size_t most) : most_(most) {}

  // `value` as a T; throws for another kind.
  template <typename T>
  static const T& as(const Value& value) {
    const T* held = std::get_if<T>(&value);
    if (held == nullptr) wrong_place(value);
    return *held;
  }
  void push(const Value& value);
  const Value& top() const;
  Value pop();
  template <typename T>
  T pop_as() {
    return as<T>(pop());
  }
  void drop(std::size_t n);
  // The uppermost `n` values, the lowest first.
  std::vector<Value> pop_some(std::size_t n);
  // How many values there are above the uppermost mark.
  std::size_t above_mark() const;
  // Makes a tuple of the uppermost `count` values, which stand above a mark or not. Tuples nest 4 deep at most.
  void push_tuple(std::size_t count, bool marked = false);
  const Value& item(const Tuple& tuple, std::uint32_t i) const { return items_[tuple.first + i]; }

  // Puts the uppermost value into the memo, under `index` or the next one that is free.
  void remember(std::uint64_t index);
  void remember_next() { remember(memo_.size()); }
  const Value& remembered(std::uint64_t index) const;

 private:
  [[noreturn]] static void wrong_place(const Value& value);
  std::size_t most_;
  std::vector<Value> stack_, memo_, items_;  // items: of all tuples
};

}  // namespace mtlgrid::pickled
