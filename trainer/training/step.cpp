#include "trainer/training/step.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/zeros.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <stdexcept>

#include "balancers/aggregations/inner_products.h"
#include "base/errors.h"
#include "base/philox.h"
#include "trainer/kernels/gpu_kernels.h"

namespace mtlgrid {
namespace {

constexpr const char* kTaskNames[] = {"classification", "regression"};

// Passes of one step, for dropout streams. Under `paper` everything is pass 0; the released code draws for each.
enum Pass { kNetwork = 0, kVirtual = 1, kMeta = 2, kPlus = 3, kMinus = 4 };

std::string describe(const StepPlace& place, const std::string& patient) {
  return "epoch " + std::to_string(place.epoch) + ", step " + std::to_string(place.step + 1) + ", patient " + patient;
}

at::ScalarType type_of(const TrainSettings& train) { return train.precision == "fp64" ? at::kDouble : at::kFloat; }

// log(1 + exp(x)) without overflow.
double softplus(double x) { return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x)); }

// A member's outputs.
struct Outputs {
  Outputs(const at::Tensor& all, std::int64_t member) {
    const double* row = all.const_data_ptr<double>() + member * all.size(1);
    log_odds = row[1] - row[0];
    if (all.size(1) > 2) regression = row[2];
  }
  double log_odds, regression = std::numeric_limits<double>::quiet_NaN();
};

// Derivatives of both losses by what they depend on: the logit of the positive class (that of the other: the negative),
// and the regression.
TaskLosses loss_slopes(const Outputs& of, const Example& example) {
  return {1 / (1 + std::exp(-of.log_odds)) - example.label, 2 * (of.regression - example.target)};
}

// Gradients by the outputs of K sums of the losses a member, sum_k factors[f][r][k] L_k: logits [F, K, 2] and
// regression [F, K, 1], undefined without regression; float64 on the CPU.
struct OutputGradients {
  at::Tensor logits, regression;
};

OutputGradients output_gradients(const at::Tensor& outputs, const Example& example,
                                 const std::vector<std::vector<std::vector<double>>>& factors) {
  const auto members = static_cast<std::int64_t>(factors.size()), rows = static_cast<std::int64_t>(factors[0].size());
  const at::TensorOptions options = at::TensorOptions().dtype(at::kDouble);
  OutputGradients by = {at::empty({members, rows, 2}, options), {}};
  if (outputs.size(1) > 2) by.regression = at::empty({members, rows, 1}, options);
  std::size_t at = 0;
  for (std::size_t f = 0; f < factors.size(); ++f) {
    const Outputs of(outputs, static_cast<std::int64_t>(f));
    const TaskLosses slopes = loss_slopes(of, example);
    for (const std::vector<double>& factor : factors[f]) {
      by.logits.data_ptr<double>()[2 * at] = -factor[0] * slopes[0];
      by.logits.data_ptr<double>()[2 * at + 1] = factor[0] * slopes[0];
      if (by.regression.defined()) by.regression.data_ptr<double>()[at] = factor[1] * slopes[1];
      ++at;
    }
  }
  return by;
}

// U out of the group's stream, at the step it is asked in.
class StepInputs : public AggregationInputs {
 public:
  StepInputs(const RandomStream& stream, std::int64_t shared, at::Device device)
      : stream_(stream), shared_(shared), device_(device) {}
  at::Tensor uniform() const override {
    at::Tensor u = at::empty({shared_}, at::TensorOptions().dtype(at::kFloat).device(device_));
    if (device_.is_cpu()) {
      fill_uniform(stream_, {u.data_ptr<float>(), static_cast<std::size_t>(shared_)});
    } else {
      gpu::fill_uniform(stream_, u);
    }
    return u;
  }
  std::vector<std::vector<int>> order() const override { return {{1}, {0}}; }  // two tasks: no choice

 private:
  RandomStream stream_;
  std::int64_t shared_;
  at::Device device_;
};

// Inner products of each member's rows of a [F K, P] with its rows of b [F J, P]: K x J numbers a member.
std::vector<std::vector<double>> member_products(const at::Tensor& a, const at::Tensor& b, std::size_t members) {
  const auto f = static_cast<std::int64_t>(members);
  const at::Tensor a3 = a.view({f, -1, a.size(1)}), b3 = b.view({f, -1, b.size(1)});
  std::vector<std::vector<double>> all;
  if (a.is_cpu()) {
    for (std::int64_t i = 0; i < f; ++i) all.push_back(inner_products(a3[i], b3[i]));
    return all;
  }
  const at::Tensor products = gpu::inner_products(a3, b3);  // of all members at once: a GPU is waited for once
  const std::int64_t n = products.numel() / f;
  for (const double* p = products.const_data_ptr<double>(); all.size() < members; p += n) all.emplace_back(p, p + n);
  return all;
}

}  // namespace

TaskLosses task_losses(const at::Tensor& outputs, int label, double target, std::int64_t member) {
  const Outputs of(outputs, member);
  const double residual = of.regression - target;  // NaN without regression
  return {softplus(label == 1 ? -of.log_odds : of.log_odds), residual * residual};
}

bool stackable(const Method& a, const Method& b) {
  const auto separate = [](const Method& m) {
    return m.weighting == Weighting::autol || m.aggregation != Aggregation::none;
  };
  return a.joint == b.joint && separate(a) == separate(b) &&
         (a.weighting == Weighting::autol) == (b.weighting == Weighting::autol);
}

// F K rows of gradients, the shared ones apart from the own ones so that aggregation gets a contiguous [K, P_shared].
struct StackStep::Gradients {
  Gradients(const ParameterLayout& layout, const ModelSettings& model, std::size_t members, std::int64_t tasks,
            const at::TensorOptions& o)
      : tasks_a_member(tasks),
        shared(at::zeros({static_cast<std::int64_t>(members) * tasks, layout.shared}, o)),
        own(at::zeros({static_cast<std::int64_t>(members) * tasks, layout.total - layout.shared}, o)),
        view(make_views(layout, model, shared, own)) {}
  // The K rows of one member.
  at::Tensor shared_of(std::size_t member) const { return rows_of(shared, member); }
  at::Tensor own_of(std::size_t member) const { return rows_of(own, member); }
  GradientSum shared_sum(std::size_t member, const std::vector<double>& c) const { return sum(shared_of(member), c); }
  GradientSum own_sum(std::size_t member, const std::vector<double>& c) const { return sum(own_of(member), c); }
  std::int64_t tasks_a_member;
  at::Tensor shared, own;
  ModelView view;

 private:
  at::Tensor rows_of(const at::Tensor& rows, std::size_t member) const {
    return rows.narrow(0, static_cast<std::int64_t>(member) * tasks_a_member, tasks_a_member);
  }
  static GradientSum sum(const at::Tensor& rows, const std::vector<double>& c) {
    GradientSum s;
    for (std::size_t k = 0; k < c.size(); ++k) s.row.push_back(rows[static_cast<std::int64_t>(k)]);
    s.coefficient = c;
    return s;
  }
};

StackStep::StackStep(const Method& method, const ModelSettings& model, const TrainSettings& train,
                     const Protocol& protocol, ParameterLayout layout, const GroupStreams& streams, at::Device device,
                     int threads, bool record)
    : model_(model),
      train_(train),
      protocol_(protocol),
      layout_(std::move(layout)),
      streams_(streams),
      threads_(threads),
      record_(record) {
  members_.push_back({method, make_weighting(method.weighting, method.joint ? 2 : 1, protocol), {}, {}});
  const at::TensorOptions options = at::TensorOptions().dtype(type_of(train_)).device(device);
  const at::Tensor start = at::empty({1, layout_.total}, at::TensorOptions().dtype(at::kFloat));
  initialise(layout_, streams_.weights, {start.data_ptr<float>(), static_cast<std::size_t>(layout_.total)});
  flat_ = start.to(options);
  first_ = at::zeros({1, layout_.total}, options);
  second_ = at::zeros({1, layout_.total}, options);
  allocate();
}

StackStep::~StackStep() = default;
StackStep::StackStep(StackStep&&) noexcept = default;

void StackStep::allocate() {
  view_ = make_views(layout_, model_, flat_);
  not_finite_ = at::zeros({static_cast<std::int64_t>(size())}, flat_.options().dtype(at::kInt));
  const Method& method = members_[0].method;
  const bool separate = needs_meta() || method.aggregation != Aggregation::none;
  const auto passes = [&](const ModelView& parameters, const Gradients& gradients, bool record) {
    const PassNetwork network = {parameters, gradients.view, model_, joint()};
    return std::make_unique<TrainingPasses>(network, gradients.tasks_a_member, record);
  };
  gradients_ = std::make_unique<Gradients>(layout_, model_, size(), separate ? 2 : 1, flat_.options());
  passes_ = passes(view_, *gradients_, record_);
  if (!needs_meta()) return;
  virtual_ = at::empty_like(flat_);
  meta_gradients_ = std::make_unique<Gradients>(layout_, model_, size(), 1, flat_.options());
  // The finite difference's passes over the training bag have no backward pass, which a recording would need.
  meta_passes_ = passes(make_views(layout_, model_, virtual_), *meta_gradients_, record_ && protocol_.autol_exact);
}

void StackStep::join(StackStep&& other) {
  if (!stackable(method(), other.method())) {
    throw Error(ErrorKind::fatal, "networks whose methods take different passes were to be stacked");
  }
  for (Member& member : other.members_) members_.push_back(std::move(member));
  other.members_.clear();
  flat_ = at::cat({flat_, other.flat_});
  first_ = at::cat({first_, other.first_});
  second_ = at::cat({second_, other.second_});
  allocate();
}

void StackStep::remove(std::size_t member) {
  members_.erase(members_.begin() + static_cast<std::ptrdiff_t>(member));
  if (members_.empty()) return;
  const auto without = [&](const at::Tensor& rows) {
    const auto i = static_cast<std::int64_t>(member);
    return at::cat({rows.narrow(0, 0, i), rows.narrow(0, i + 1, rows.size(0) - i - 1)});
  };
  flat_ = without(flat_);
  first_ = without(first_);
  second_ = without(second_);
  allocate();
}

bool StackStep::needs_gram() const {
  return std::any_of(members_.begin(), members_.end(), [](const Member& m) {
    return m.method.aggregation == Aggregation::pcgrad || m.method.aggregation == Aggregation::cagrad;
  });
}

bool StackStep::needs_meta() const { return members_[0].weighting->needs_meta_step(); }

double StackStep::learning_rate(std::int64_t number) const {
  if (!protocol_.cosine_per_batch || !joint()) return train_.lr;
  // The released code gives the scheduler its number of epochs as T_max, then steps it once a batch.
  return train_.lr * (1 + std::cos(std::numbers::pi * static_cast<double>(number) / train_.epochs)) / 2;
}

DropoutMasks StackStep::masks(const StepPlace& place, int pass) const {
  const int drawn = protocol_.autol_reuse_masks ? kNetwork : pass;
  const RandomStream stream = streams_.dropout.child(static_cast<std::uint64_t>(place.epoch))
                                  .child(static_cast<std::uint64_t>(place.step))
                                  .child(static_cast<std::uint64_t>(drawn));
  return {stream, model_.dropout, flat_};
}

void StackStep::network_gradients(const at::Tensor& outputs, const Example& example) {
  std::vector<std::vector<std::vector<double>>> factors(size(), {{1, 0}, {0, 1}});
  if (gradients_->tasks_a_member == 1) {
    for (std::size_t f = 0; f < size(); ++f) factors[f] = {members_[f].weighting->weights()};
  }
  const OutputGradients by = output_gradients(outputs, example, factors);
  passes_->backward(by.logits, by.regression);
}

void StackStep::fail(std::size_t member, const std::string& why) {
  if (members_[member].good()) {
    members_[member].step.error = std::make_exception_ptr(Error(ErrorKind::cell_failed, why));
  }
}

// Losses of every member; one that is not finite, or whose derivative is not in the parameters' type, fails its member.
std::vector<TaskLosses> StackStep::checked_losses(const StepPlace& place, const at::Tensor& outputs,
                                                  const Example& example, const char* where) {
  std::vector<TaskLosses> all;
  for (std::size_t f = 0; f < size(); ++f) {
    const TaskLosses losses = task_losses(outputs, example.label, example.target, static_cast<std::int64_t>(f));
    const TaskLosses slopes = loss_slopes({outputs, static_cast<std::int64_t>(f)}, example);
    const double most =
        flat_.scalar_type() == at::kDouble ? std::numeric_limits<double>::max() : std::numeric_limits<float>::max();
    for (std::size_t k = 0; k < (joint() ? 2 : 1); ++k) {
      const std::string of_task = std::string(kTaskNames[k]) + " loss" + where;
      if (!std::isfinite(losses[k])) {
        fail(f, describe(place, example.patient) + ": " + of_task + " is " + std::to_string(losses[k]));
      } else if (std::abs(slopes[k]) > most) {
        fail(f, describe(place, example.patient) + ": gradient of the " + of_task + " is not finite");
      }
    }
    all.push_back(losses);
  }
  return all;
}

std::vector<MemberStep> StackStep::run(const StepPlace& place, const Example& example, const Example& meta) {
  const c10::InferenceMode guard;
  for (Member& member : members_) member.step = {};
  const double lr = learning_rate(place.number);
  const bool meta_needed = needs_meta();
  if (meta_needed && !protocol_.autol_reuse_masks) {
    const at::Tensor outputs = passes_->forward(example.bag, masks(place, kVirtual));
    checked_losses(place, outputs, example, "");
    network_gradients(outputs, example);
    meta_steps(place, example, meta, lr);
  }
  const at::Tensor outputs = passes_->forward(example.bag, masks(place, kNetwork));
  const std::vector<TaskLosses> losses = checked_losses(place, outputs, example, "");
  network_gradients(outputs, example);
  // The gradients of the network's own step serve the meta step as well: one forward pass of the training bag.
  if (meta_needed && protocol_.autol_reuse_masks) meta_steps(place, example, meta, lr);
  if (needs_gram()) gram_products_ = member_products(gradients_->shared, gradients_->shared, size());
  update_all(place, lr);
  const at::Tensor not_finite = not_finite_.cpu();
  std::vector<MemberStep> results;
  for (std::size_t f = 0; f < size(); ++f) {
    Member& member = members_[f];
    member.step.losses = losses[f];
    if (member.good() && not_finite.const_data_ptr<int>()[f] != 0) fail_gradient(f, place, example);
    if (member.good()) member.weighting->step_done(std::span(losses[f].data(), joint() ? 2 : 1), lr);
    results.push_back(member.step);
  }
  passes_->release();
  if (meta_passes_) meta_passes_->release();
  return results;
}

StackStep::Parts StackStep::parts(const at::Tensor& flat, std::size_t member) const {
  const at::Tensor row = flat[static_cast<std::int64_t>(member)];
  return {row.narrow(0, 0, layout_.shared), row.narrow(0, layout_.shared, layout_.total - layout_.shared)};
}

void StackStep::meta_steps(const StepPlace& place, const Example& example, const Example& meta, double lr) {
  for (std::size_t f = 0; f < size(); ++f) {
    const std::vector<double> lambda = members_[f].weighting->weights();
    const Parts theta = parts(flat_, f), ahead = parts(virtual_, f);
    gradient_step(lr, train_.weight_decay, gradients_->shared_sum(f, lambda), theta.shared, ahead.shared, threads_);
    gradient_step(lr, train_.weight_decay, gradients_->own_sum(f, lambda), theta.own, ahead.own, threads_);
  }
  const at::Tensor outputs = meta_passes_->forward(meta.bag, masks(place, kMeta));
  for (std::size_t f = 0; f < size(); ++f) {
    const Outputs of(outputs, static_cast<std::int64_t>(f));
    const bool finite = std::isfinite(of.log_odds) && std::isfinite(of.regression);
    if (!finite) fail_task(f, place, example, *gradients_);  // it may be the training bag's gradient that led there
  }
  checked_losses(place, outputs, meta, " of the meta bag");
  const std::vector<double> tasks = {1.0, protocol_.autol_primary_all ? 1.0 : 0.0};
  const OutputGradients by = output_gradients(outputs, meta, {size(), {tasks}});
  meta_passes_->backward(by.logits, by.regression);

  if (protocol_.autol_exact) {
    const auto shared = member_products(gradients_->shared, meta_gradients_->shared, size());
    const auto own = member_products(gradients_->own, meta_gradients_->own, size());
    for (std::size_t f = 0; f < size(); ++f) {
      members_[f].meta_gradient = {-lr * (shared[f][0] + own[f][0]), -lr * (shared[f][1] + own[f][1])};
    }
  } else {
    finite_differences(place, example, lr);
  }
  for (std::size_t f = 0; f < size(); ++f) {
    const std::vector<double>& by_lambda = members_[f].meta_gradient;
    for (std::size_t k = 0; k < 2; ++k) {
      if (std::isfinite(by_lambda[k])) continue;
      fail(f, describe(place, meta.patient) + ": Auto-Lambda's meta gradient of the " + kTaskNames[k] + " weight is " +
                  std::to_string(by_lambda[k]));
    }
    if (members_[f].good()) members_[f].weighting->meta_step(by_lambda);
  }
}

// The released code's: -lr (L_k(theta + eps v) - L_k(theta - eps v)) / (2 eps) on the training bag, eps = 0.01 / |v|.
void StackStep::finite_differences(const StepPlace& place, const Example& example, double lr) {
  std::vector<double> eps;
  const auto shared = member_products(meta_gradients_->shared, meta_gradients_->shared, size());
  const auto own = member_products(meta_gradients_->own, meta_gradients_->own, size());
  for (std::size_t f = 0; f < size(); ++f) {
    const double norm = std::sqrt(shared[f][0] + own[f][0]);
    eps.push_back(norm == 0 ? 0 : 0.01 / norm);  // without a direction there is no difference
  }
  std::vector<TaskLosses> at_sign[2];
  for (int sign = 0; sign < 2; ++sign) {
    for (std::size_t f = 0; f < size(); ++f) {
      const Parts theta = parts(flat_, f), out = parts(virtual_, f);
      const double factor = sign == 0 ? eps[f] : -eps[f];
      offset(theta.shared, factor, meta_gradients_->shared_of(f)[0], out.shared, threads_);
      offset(theta.own, factor, meta_gradients_->own_of(f)[0], out.own, threads_);
    }
    const at::Tensor outputs = meta_passes_->forward(example.bag, masks(place, sign == 0 ? kPlus : kMinus));
    for (std::size_t f = 0; f < size(); ++f) {
      at_sign[sign].push_back(task_losses(outputs, example.label, example.target, static_cast<std::int64_t>(f)));
    }
  }
  for (std::size_t f = 0; f < size(); ++f) {
    const auto slope = [&](std::size_t k) {
      return eps[f] == 0 ? 0 : -lr * (at_sign[0][f][k] - at_sign[1][f][k]) / (2 * eps[f]);
    };
    members_[f].meta_gradient = {slope(0), slope(1)};
  }
}

// Coefficients of the rows of unweighted gradients in the aggregated gradient of the weighted ones. GradDrop is no
// combination of rows: it weights the rows in place and gives `sum` [P_shared] instead.
std::vector<double> StackStep::shared_coefficients(std::size_t member, const StepPlace& place,
                                                   const std::vector<double>& weights, at::Tensor& sum) {
  const at::Tensor rows = gradients_->shared_of(member);
  const Aggregation aggregation = members_[member].method.aggregation;
  if (aggregation == Aggregation::none) return weights;
  if (aggregation == Aggregation::graddrop) {
    for (std::size_t k = 0; k < weights.size(); ++k) {
      if (weights[k] != 1) rows.select(0, static_cast<std::int64_t>(k)).mul_(weights[k]);
    }
    const RandomStream stream =
        streams_.graddrop.child(static_cast<std::uint64_t>(place.epoch)).child(static_cast<std::uint64_t>(place.step));
    sum = aggregate(Aggregation::graddrop, rows, StepInputs(stream, layout_.shared, flat_.device()), protocol_);
    return {};
  }
  // Weighting scales M by w_i w_j, so the long rows need not be scaled: one pass over them less.
  GramMatrix gram = gram_matrix(2, gram_products_[member]);
  for (std::size_t i = 0; i < 2; ++i) {
    for (std::size_t j = 0; j < 2; ++j) gram.values[2 * i + j] *= weights[i] * weights[j];
  }
  std::vector<double> c = aggregation == Aggregation::pcgrad ? pcgrad_coefficients(gram, {{1}, {0}}, protocol_)
                                                             : cagrad_coefficients(gram, kCagradC, protocol_);
  for (std::size_t k = 0; k < 2; ++k) c[k] *= weights[k];
  return c;
}

// The shared parameters' gradient of a step, from one row of the weighted sum already, or one a task.
GradientSum StackStep::aggregate_shared(std::size_t member, const StepPlace& place,
                                        const std::vector<double>& weights) {
  if (gradients_->tasks_a_member == 1) return gradients_->shared_sum(member, {1});
  at::Tensor sum;
  const std::vector<double> coefficients = shared_coefficients(member, place, weights, sum);
  return sum.defined() ? GradientSum{{sum}, {1.0}} : gradients_->shared_sum(member, coefficients);
}

// The optimiser's step of every member that is good. Those whose gradients are not finite are marked in `not_finite_`.
void StackStep::update_all(const StepPlace& place, double lr) {
  const AdamW settings = {.lr = lr, .weight_decay = train_.weight_decay};
  const std::int64_t step = place.number + 1;
  // `baseline` leaves regression token and head alone, which are the last.
  const std::int64_t trained = (joint() ? layout_.total : layout_.classification) - layout_.shared;
  const bool together = !flat_.is_cpu();
  std::vector<GradientSum> shared(size()), own(size());
  not_finite_.zero_();
  for (std::size_t f = 0; f < size(); ++f) {
    const at::Tensor mark = not_finite_.narrow(0, static_cast<std::int64_t>(f), 1);
    if (!members_[f].good()) {
      if (together) mark.fill_(1);  // not to be updated
      continue;
    }
    const std::vector<double> weights = members_[f].weighting->weights();
    try {
      shared[f] = aggregate_shared(f, place, weights);
    } catch (const std::domain_error&) {  // not finite
      mark.fill_(1);
      continue;
    }
    own[f] = gradients_->own_sum(f, gradients_->tasks_a_member == 1 ? std::vector<double>{1} : weights);
    for (at::Tensor& row : own[f].row) row = row.narrow(0, 0, trained);
    if (together) continue;
    const Parts p = parts(flat_, f), m = parts(first_, f), v = parts(second_, f);
    const auto used = [&](const at::Tensor& t) { return t.narrow(0, 0, trained); };
    adamw_step(settings, step, shared[f], p.shared, m.shared, v.shared, threads_, mark);
    adamw_step(settings, step, own[f], used(p.own), used(m.own), used(v.own), threads_, mark);
  }
  if (!together) return;
  gpu::find_not_finite(own, trained, not_finite_);  // before anything is changed
  const auto update = [&](const std::vector<GradientSum>& sums, std::int64_t begin, std::int64_t count) {
    const auto part = [&](const at::Tensor& flat) { return flat.narrow(1, begin, count); };
    gpu::adamw_steps(settings, step, sums, part(flat_), part(first_), part(second_), not_finite_);
  };
  update(shared, 0, layout_.shared);
  update(own, layout_.shared, trained);
}

// Fails a member by the first task whose gradient, a row a task, is not finite; not at all if all are.
void StackStep::fail_task(std::size_t member, const StepPlace& place, const Example& example, const Gradients& rows) {
  for (std::int64_t k = 0; k < rows.tasks_a_member; ++k) {
    if (all_finite(rows.shared_of(member)[k]) && all_finite(rows.own_of(member)[k])) continue;
    fail(member, describe(place, example.patient) + ": gradient of the " + kTaskNames[k] + " loss is not finite");
  }
}

// Names the task whose gradient is not finite, from gradients of one row a task: those at hand, or made again. On the
// CPU the failed update may have put what is not finite into the parameters; then no task can be told any more.
void StackStep::fail_gradient(std::size_t member, const StepPlace& place, const Example& example) {
  if (gradients_->tasks_a_member == (joint() ? 2 : 1)) {
    fail_task(member, place, example, *gradients_);
  } else if (all_finite(flat_[static_cast<std::int64_t>(member)])) {
    const std::vector<std::vector<double>> each = {{1, 0}, {0, 1}};
    Gradients rows(layout_, model_, size(), 2, flat_.options());
    const ForwardPass pass = passes_->last(example.bag, masks(place, kNetwork));
    const OutputGradients by = output_gradients(pass.outputs, example, {size(), each});
    const auto there = [&](const at::Tensor& t) { return t.defined() ? t.to(flat_.options()) : t; };
    backward(view_, pass, there(by.logits), there(by.regression), rows.view);
    fail_task(member, place, example, rows);
  }
  fail(member, describe(place, example.patient) + ": the sum of the tasks' gradients is not finite");
}

void StackStep::epoch_done(std::size_t member) { members_[member].weighting->epoch_done(); }

ForwardPass StackStep::evaluate(const at::Tensor& bag) const { return forward(view_, model_, bag, joint(), nullptr); }

}  // namespace mtlgrid
