// Products of stacked matrices: the part of a training step that is bound by arithmetic. Torch.
//
// float32 on the CPU uses oneDNN's kernels (ATen's cpublas::brgemm), which use the widest vectors of any vendor's
// processor; the BLAS inside LibTorch (MKL) does so on Intel processors only and reaches less than half of that speed
// on AMD's. Everything else (float64, other devices, processors that oneDNN does not support) uses at::bmm. On the CPU
// a result depends on the sizes and the processor, not on threads, strides or the other members.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>

namespace mtlgrid {

// out = a b, or out += a b. Shapes [B, m, k] [B, k, n] [B, m, n], or with two leading dimensions [F, K, ...]; expanded
// (stride 0) and transposed views are accepted. The rows of `out` are contiguous; it must not alias a factor.
void multiply(const at::Tensor& out, const at::Tensor& a, const at::Tensor& b);
void multiply_add(const at::Tensor& out, const at::Tensor& a, const at::Tensor& b);
// a b in a new tensor.
at::Tensor product(const at::Tensor& a, const at::Tensor& b);

// Sets how this process computes float32 products on a GPU, by train.precision: "tf32" and "bf16" round the factors to
// 11 and 8 bits of mantissa and add in float32; any other value: float32 throughout, which is the initial setting.
void set_gpu_products(const std::string& precision);

// out [cols, rows] = in [rows, cols] transposed; strides are those of the rows.
void transpose(const float* in, std::int64_t stride, std::int64_t rows, std::int64_t cols, float* out,
               std::int64_t out_stride);

// C [m, n] = A B, or += with `add`; row-major with the given row strides. One call of oneDNN's kernel; requires
// has_kernels(). A kernel is compiled at the first call for each combination of sizes and strides (40 us, 20 KB) and
// kept: use few combinations.
void kernel(std::int64_t m, std::int64_t n, std::int64_t k, const float* a, std::int64_t a_stride, const float* b,
            std::int64_t b_stride, float* c, std::int64_t c_stride, bool add);
// Whether this processor and LibTorch have these kernels; tested once by a trial call.
bool has_kernels();
// The library that multiplies float32 on the CPU, for the attempt's record: "oneDNN" or "BLAS".
std::string product_library();

}  // namespace mtlgrid
