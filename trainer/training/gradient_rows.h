// The buffers that backward passes write gradients into, a row a task or a row for the weighted sum.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "trainer/contract/parameters.h"
#include "trainer/kernels/updates.h"
#include "trainer/network/model.h"

namespace mtlgrid {

// F K rows of gradients of F members: those of the shared parameters apart from those of tokens and heads ("own"), so
// that aggregation gets a contiguous [K, P_shared].
struct GradientRows {
  GradientRows(const ParameterLayout& layout, const ModelSettings& model, std::size_t members, std::int64_t tasks,
               const at::TensorOptions& options);
  // The K rows of one member.
  at::Tensor shared_of(std::size_t member) const { return rows_of(shared, member); }
  at::Tensor own_of(std::size_t member) const { return rows_of(own, member); }
  // sum_k c[k] row k of one member, not written out.
  GradientSum shared_sum(std::size_t member, const std::vector<double>& c) const;
  GradientSum own_sum(std::size_t member, const std::vector<double>& c) const;

  std::int64_t tasks_a_member;
  at::Tensor shared, own;
  ModelView view;

 private:
  at::Tensor rows_of(const at::Tensor& rows, std::size_t member) const {
    return rows.narrow(0, static_cast<std::int64_t>(member) * tasks_a_member, tasks_a_member);
  }
};

// Inner products of each member's rows of a [F K, P] with its rows of b [F J, P]: K x J numbers a member, row-major. On
// a GPU all members' are computed at once, so that it is waited for once.
std::vector<std::vector<double>> member_products(const at::Tensor& a, const at::Tensor& b, std::size_t members);

}  // namespace mtlgrid
