#include "trainer/kernels/gpu_kernels.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <c10/core/Stream.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <string>
#include <type_traits>

#include "trainer/kernels/gpu_program.h"

namespace mtlgrid::gpu {
namespace {

constexpr int kWarps = kThreads / 32;
constexpr std::uint64_t kLanes = 16, kGroup = 64;  // of philox.h
struct Keys {
  std::uint64_t key[kMaximumKeys];
};
template <typename T>
struct Sums {
  const T *a[kMaximumMembers], *b[kMaximumMembers];
  T ca[kMaximumMembers], cb[kMaximumMembers];
};

bool fp64(const at::Tensor& t) { return t.scalar_type() == at::kDouble; }

unsigned blocks_of(std::int64_t numbers, std::int64_t a_block = kThreads) {
  return static_cast<unsigned>((numbers + a_block - 1) / a_block);
}

// An argument of the kernels' number type.
struct Number {
  double value;
};

// Holds one argument in the type that the kernel expects.
class Argument {
 public:
  template <typename T>
  Argument(const T& value, bool is_double) {
    if constexpr (std::is_same_v<T, Number>) {
      if (is_double) {
        store(value.value);
      } else {
        store(static_cast<float>(value.value));
      }
    } else if constexpr (std::is_same_v<T, at::Tensor>) {
      store(value.defined() ? value.data_ptr() : nullptr);
    } else {
      store(value);
    }
  }
  void* pointer() { return bytes_.data(); }

 private:
  template <typename T>
  void store(const T& value) {
    static_assert(sizeof(T) <= sizeof(bytes_) && std::is_trivially_copyable_v<T>);
    std::memcpy(bytes_.data(), static_cast<const void*>(&value), sizeof value);
  }
  alignas(8) std::array<std::byte, sizeof(Sums<double>)> bytes_;
};

// The stream of ATen's operations: our kernels keep their order with them.
void* current_stream() {
  static const c10::impl::VirtualGuardImpl device(c10::DeviceType::CUDA);
  return device.getStream(device.getDevice()).native_handle();
}

// Arguments: tensors (undefined: null), Number, pointers and integers of exactly the kernel's types.
template <typename... T>
void run(const char* kernel, bool is_double, Grid grid, const T&... values) {
  Argument arguments[] = {Argument(values, is_double)...};
  void* pointers[sizeof...(values)];
  for (std::size_t i = 0; i < sizeof...(values); ++i) pointers[i] = arguments[i].pointer();
  launch(kernel, is_double, grid, current_stream(), pointers);
}

// Sums of the columns of g [R, n, d] (times factor [R / tasks, n, d]) into rows `sums` [R, 1, d]; long ones in parts.
void sum_columns(const at::Tensor& g, std::int64_t rows, const at::Tensor& factor, std::int64_t tasks,
                 const at::Tensor& sums) {
  const std::int64_t d = g.size(-1), n = g.numel() / rows / d, part = std::max<std::int64_t>(64, (n + 63) / 64);
  const std::int64_t parts = (n + part - 1) / part;
  const Grid grid = {blocks_of(d, 32), static_cast<unsigned>(rows), static_cast<unsigned>(parts)};
  if (parts == 1) {
    return run("column_sums", fp64(g), grid, g, factor, tasks, sums, sums.stride(0), std::int64_t{0}, part, n, d);
  }
  const at::Tensor partial = at::empty({parts, rows, d}, g.options());
  run("column_sums", fp64(g), grid, g, factor, tasks, partial, d, rows * d, part, n, d);
  run("add_parts", fp64(g), Grid{blocks_of(rows * d)}, partial, parts, sums, sums.stride(0), d, rows * d);
}

struct TwoRows {
  explicit TwoRows(const GradientSum& g)
      : a(g.row[0]), ca{g.coefficient[0]}, cb{g.row.size() > 1 ? g.coefficient[1] : 0} {
    if (g.row.size() > 1) b = g.row[1];
  }
  at::Tensor a, b;
  Number ca, cb;
};

// The kernel that keeps rows of n numbers in registers, or reads them again.
std::string sized(const char* kernel, std::int64_t n) {
  for (const int times : {1, 2, 4, 8}) {
    if (n + static_cast<std::int64_t>(kGroup) <= 4 * kThreads * times) return fmt::format("{}_{}", kernel, times);
  }
  return fmt::format("{}_long", kernel);
}

}  // namespace

void fill_dropout(std::span<const DropoutFill> fills, std::uint64_t first, std::uint64_t stride,
                  const at::Tensor& out) {
  TORCH_CHECK(!fills.empty() && fills.size() <= kMaximumKeys && out.is_contiguous(), "a mask of ", fills.size(),
              " fills");
  Keys keys = {};
  for (std::size_t i = 0; i < fills.size(); ++i) keys.key[i] = fills[i].key();
  const std::int64_t rows = out.size(0), n = out.numel() / rows;
  // A row may begin within a group of 64 numbers: one group more.
  const auto words = static_cast<std::int64_t>((static_cast<std::uint64_t>(n) + 2 * kGroup) / kGroup * kLanes);
  run("fill_dropout", fp64(out), Grid{blocks_of(words), static_cast<unsigned>(rows)}, out, n, keys,
      static_cast<int>(fills.size()), fills[0].table(), first, stride, fills[0].threshold(), Number{fills[0].kept()});
}

void fill_uniform(const RandomStream& stream, const at::Tensor& out) {
  const std::int64_t n = out.numel();
  run("fill_uniform", false, Grid{blocks_of((n + 63) / 64 * 16)}, out, n, fill_key(stream));
}

at::Tensor split_heads(const at::Tensor& qkv, const at::Tensor& bias, std::int64_t heads, double scale) {
  const std::int64_t members = qkv.size(0), n = qkv.size(1), c = qkv.size(2) / 3 / heads;
  const at::Tensor out = at::empty({3, members * heads, n, c}, qkv.options());
  run("split_heads", fp64(qkv), Grid{blocks_of(out.numel())}, qkv, bias, bias.stride(0), out, Number{scale}, members,
      heads, n, c);
  return out;
}

at::Tensor merge_heads(const at::Tensor& x, std::int64_t heads) {
  const std::int64_t thirds = x.size(0), members = x.size(1) / heads, tasks = x.size(2), n = x.size(3), c = x.size(4);
  const at::Tensor out = at::empty({members, tasks, n, thirds, heads, c}, x.options());
  run("merge_heads", fp64(x), Grid{blocks_of(x.numel())}, x, out, thirds, members, heads, tasks, n, c);
  return out;
}

at::Tensor attention_weights(const at::Tensor& scores, std::int64_t heads, std::int64_t begin, const DropoutFill* fill,
                             bool keep) {
  const std::int64_t count = scores.size(1), n = scores.size(2);
  const at::Tensor weights = fill != nullptr && keep ? at::empty_like(scores) : scores;
  run(sized("attention_weights", n).c_str(), fp64(scores), Grid{static_cast<unsigned>(scores.size(0) * count)}, scores,
      weights, count, n, static_cast<int>(heads), begin, fill ? fill->key() : std::uint64_t{0},
      fill ? fill->table() : nullptr, fill ? fill->threshold() : 0u, Number{fill ? fill->kept() : 1});
  return weights;
}

void attention_weights_backward(const at::Tensor& g, const at::Tensor& probabilities, const at::Tensor& weights) {
  const std::int64_t tasks = g.size(1), count = g.size(2), n = g.size(3);
  run(sized("attention_weights_backward", n).c_str(), fp64(g), Grid{static_cast<unsigned>(g.size(0) * tasks * count)},
      g, probabilities, weights, tasks, count, n);
}

void bias_relu_drop_(const at::Tensor& y, const at::Tensor& bias, const at::Tensor& mask) {
  run("bias_relu_drop", fp64(y), Grid{blocks_of(y.numel())}, y, bias, bias.stride(0), mask, y.size(1) * y.size(2),
      y.size(2), y.numel());
}

void bias_relu_drop_backward_(const at::Tensor& g, const at::Tensor& y, double kept, const at::Tensor& bias_gradient) {
  run("bias_relu_drop_backward", fp64(g), Grid{blocks_of(g.numel())}, g, y, Number{kept}, g.size(1) / y.size(1),
      y.size(1) * y.size(2), g.numel());
  column_sums(g, bias_gradient);
}

at::Tensor add_drop_norm(const at::Tensor& x, const at::Tensor& y, const at::Tensor& bias, const at::Tensor& mask,
                         const NormView& p, NormSaved& saved) {
  const std::int64_t rows = y.size(0) * y.size(1);
  at::Tensor out = at::empty_like(y);
  saved.normalised = y;
  saved.rstd = at::empty({y.size(0), y.size(1)}, y.options());
  run("add_drop_norm", fp64(y), Grid{blocks_of(rows, kWarps)}, x, y, bias, bias.stride(0), mask, p.weight,
      p.weight.stride(0), p.bias, p.bias.stride(0), out, saved.rstd, y.size(1), y.size(2), rows);
  return out;
}

AddDropNormGradient add_drop_norm_backward(const NormView& p, const NormSaved& saved, const at::Tensor& g,
                                           const at::Tensor& mask, const NormView& gradient,
                                           const at::Tensor& bias_gradient) {
  const std::int64_t n = saved.normalised.size(1), d = g.size(2), tasks = g.size(1) / n, rows = g.size(0) * g.size(1);
  const at::Tensor by_x = at::empty_like(g), by_y = mask.defined() ? at::empty_like(g) : by_x;
  run("add_drop_norm_backward", fp64(g), Grid{blocks_of(rows, kWarps)}, g, saved.normalised, saved.rstd, p.weight,
      p.weight.stride(0), mask, by_x, by_y, tasks, n, d, rows);
  sum_columns(g, g.size(0) * tasks, saved.normalised, tasks, gradient.weight);
  column_sums(g, gradient.bias);
  column_sums(by_y, bias_gradient);
  return {by_x, by_y};
}

void column_sums(const at::Tensor& g, const at::Tensor& sums) { sum_columns(g, sums.size(0), {}, 1, sums); }

namespace {

// Calls f with the sums as the kernels take them.
template <typename T, typename F>
void with_sums_of(const std::vector<GradientSum>& gradients, const F& f) {
  TORCH_CHECK(gradients.size() <= kMaximumMembers, "a stack of ", gradients.size(), " networks");
  Sums<T> sums = {};
  for (std::size_t i = 0; i < gradients.size(); ++i) {
    const GradientSum& g = gradients[i];
    if (g.row.empty()) continue;
    sums.a[i] = g.row[0].const_data_ptr<T>();
    sums.ca[i] = static_cast<T>(g.coefficient[0]);
    if (g.row.size() < 2) continue;
    sums.b[i] = g.row[1].const_data_ptr<T>();
    sums.cb[i] = static_cast<T>(g.coefficient[1]);
  }
  f(sums);
}

template <typename F>
void with_sums(bool is_double, const std::vector<GradientSum>& gradients, const F& f) {
  is_double ? with_sums_of<double>(gradients, f) : with_sums_of<float>(gradients, f);
}

}  // namespace

void find_not_finite(const std::vector<GradientSum>& gradients, std::int64_t n, const at::Tensor& not_finite) {
  const auto some = std::find_if(gradients.begin(), gradients.end(), [](const auto& g) { return !g.row.empty(); });
  if (some == gradients.end()) return;
  const bool is_double = fp64(some->row[0]);
  const Grid grid = {blocks_of(n), static_cast<unsigned>(gradients.size())};
  with_sums(is_double, gradients,
            [&](const auto& sums) { run("find_not_finite", is_double, grid, sums, n, not_finite); });
}

void adamw_steps(const AdamW& s, std::int64_t step, const std::vector<GradientSum>& gradients,
                 const at::Tensor& parameter, const at::Tensor& first, const at::Tensor& second,
                 const at::Tensor& not_finite) {
  const std::int64_t n = parameter.size(1), stride = parameter.stride(0);
  TORCH_CHECK(first.stride(0) == stride && second.stride(0) == stride,
              "moments and parameters have different row strides");
  find_not_finite(gradients, n, not_finite);
  const double steps = static_cast<double>(step);
  const Grid grid = {blocks_of(n), static_cast<unsigned>(gradients.size())};
  with_sums(fp64(parameter), gradients, [&](const auto& sums) {
    run("adamw", fp64(parameter), grid, parameter, first, second, stride, sums, Number{1 - s.lr * s.weight_decay},
        Number{1 - s.beta1}, Number{s.beta2}, Number{1 - s.beta2}, Number{1 / std::sqrt(1 - std::pow(s.beta2, steps))},
        Number{s.eps}, Number{s.lr / (1 - std::pow(s.beta1, steps))}, n, not_finite);
  });
}

void gradient_step(double lr, double weight_decay, const GradientSum& gradient, const at::Tensor& parameter,
                   const at::Tensor& out) {
  const TwoRows g(gradient);
  run("linear_step", fp64(out), Grid{blocks_of(out.numel())}, out, parameter, Number{1 - lr * weight_decay}, g.a,
      Number{lr * g.ca.value}, g.b, Number{lr * g.cb.value}, out.numel());
}

void offset(const at::Tensor& parameter, double factor, const at::Tensor& v, const at::Tensor& out) {
  run("linear_step", fp64(out), Grid{blocks_of(out.numel())}, out, parameter, Number{1}, v, Number{-factor},
      at::Tensor(), Number{0}, out.numel());
}

at::Tensor inner_products(const at::Tensor& a, const at::Tensor& b) {
  TORCH_CHECK(a.is_contiguous() && b.is_contiguous(), "inner products of strided rows");
  const std::int64_t members = a.size(0), rows = a.size(1), cols = b.size(1), n = a.size(2), part = 1 << 14;
  const std::int64_t parts = (n + part - 1) / part, sums = members * rows * cols;
  const at::TensorOptions o = a.options().dtype(at::kDouble);
  const at::Tensor partial = at::empty({parts, sums}, o), out = at::empty({members, rows, cols}, o);
  run("inner_products", fp64(a), Grid{static_cast<unsigned>(parts), static_cast<unsigned>(sums)}, a, b,
      static_cast<int>(rows), static_cast<int>(cols), n, part, partial);
  run("add_parts", true, Grid{blocks_of(sums)}, partial, parts, out, sums, sums, sums);
  return out.cpu();
}

}  // namespace mtlgrid::gpu
