#include "trainer/step.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>
#include <c10/core/InferenceMode.h>

#include <cmath>
#include <limits>
#include <numbers>
#include <stdexcept>

#include "balancers/inner_products.h"
#include "datasets/errors.h"
#include "trainer/philox.h"

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

// Gradients of sum_k factor[r][k] L_k by the outputs, one row r each: logits [1, R, 2] and regression [1, R, 1].
struct OutputGradients {
  at::Tensor logits, regression;
};

OutputGradients output_gradients(const ForwardPass& pass, const Example& example,
                                 const std::vector<std::vector<double>>& factors) {
  const auto rows = static_cast<std::int64_t>(factors.size());
  const at::Tensor logits = pass.logits.to(at::kCPU, at::kDouble);
  const double odds = logits.data_ptr<double>()[1] - logits.data_ptr<double>()[0];
  const double error = 1 / (1 + std::exp(-odds)) - example.label;  // P(positive) - label
  const at::TensorOptions options = at::TensorOptions().dtype(at::kDouble);
  at::Tensor by_logits = at::empty({1, rows, 2}, options), by_regression;
  for (std::size_t r = 0; r < factors.size(); ++r) {
    by_logits.data_ptr<double>()[2 * r] = -factors[r][0] * error;
    by_logits.data_ptr<double>()[2 * r + 1] = factors[r][0] * error;
  }
  if (pass.regression.defined()) {
    const double residual = pass.regression.item<double>() - example.target;
    by_regression = at::empty({1, rows, 1}, options);
    for (std::size_t r = 0; r < factors.size(); ++r) by_regression.data_ptr<double>()[r] = factors[r][1] * 2 * residual;
    by_regression = by_regression.to(pass.regression.options());
  }
  return {by_logits.to(pass.logits.options()), by_regression};
}

// U out of the group's stream, at the step it is asked in.
class StepInputs : public AggregationInputs {
 public:
  StepInputs(const RandomStream& stream, std::int64_t shared, at::Device device)
      : stream_(stream), shared_(shared), device_(device) {}
  at::Tensor uniform() const override {
    at::Tensor u = at::empty({shared_}, at::TensorOptions().dtype(at::kFloat));
    fill_uniform(stream_, {u.data_ptr<float>(), static_cast<std::size_t>(shared_)});
    return u.to(device_);
  }
  std::vector<std::vector<int>> order() const override { return {{1}, {0}}; }  // two tasks: no choice

 private:
  RandomStream stream_;
  std::int64_t shared_;
  at::Device device_;
};

}  // namespace

TaskLosses task_losses(const ForwardPass& pass, int label, double target) {
  const at::Tensor logits = pass.logits.to(at::kCPU, at::kDouble);
  const double odds = logits.data_ptr<double>()[1] - logits.data_ptr<double>()[0];
  TaskLosses losses = {softplus(label == 1 ? -odds : odds), std::numeric_limits<double>::quiet_NaN()};
  if (pass.regression.defined()) {
    const double residual = pass.regression.item<double>() - target;
    losses[1] = residual * residual;
  }
  return losses;
}

// K rows of gradients, the shared ones apart from the own ones so that aggregation gets a contiguous [K, P_shared].
struct MethodStep::Gradients {
  Gradients(const ParameterLayout& layout, const ModelSettings& model, std::int64_t rows, const at::TensorOptions& o)
      : shared(at::zeros({rows, layout.shared}, o)),
        own(at::zeros({rows, layout.total - layout.shared}, o)),
        view(make_views(layout, model, shared, own)) {}
  GradientSum shared_sum(const std::vector<double>& c) const { return sum(shared, c); }
  GradientSum own_sum(const std::vector<double>& c) const { return sum(own, c); }
  at::Tensor shared, own;
  ModelView view;

 private:
  static GradientSum sum(const at::Tensor& rows, const std::vector<double>& c) {
    GradientSum s;
    for (std::size_t k = 0; k < c.size(); ++k) s.row.push_back(rows[static_cast<std::int64_t>(k)]);
    s.coefficient = c;
    return s;
  }
};

MethodStep::MethodStep(const Method& method, const ModelSettings& model, const TrainSettings& train,
                       const Protocol& protocol, ParameterLayout layout, const GroupStreams& streams, at::Device device,
                       int threads)
    : method_(method),
      model_(model),
      train_(train),
      protocol_(protocol),
      layout_(std::move(layout)),
      streams_(streams),
      threads_(threads),
      weighting_(make_weighting(method.weighting, method.joint ? 2 : 1, protocol)) {
  if (!device.is_cpu()) {
    throw Error(ErrorKind::fatal, "the loops over parameters (AdamW and others) run on the CPU alone so far");
  }
  const at::TensorOptions options = at::TensorOptions().dtype(type_of(train_)).device(device);
  at::Tensor start = at::empty({1, layout_.total}, at::TensorOptions().dtype(at::kFloat));
  initialise(layout_, streams_.weights, {start.data_ptr<float>(), static_cast<std::size_t>(layout_.total)});
  flat_ = start.to(options);
  first_ = at::zeros({1, layout_.total}, options);
  second_ = at::zeros({1, layout_.total}, options);
  view_ = make_views(layout_, model_, flat_);
  const bool separate = weighting_->needs_meta_step() || method_.aggregation != Aggregation::none;
  gradients_ = std::make_unique<Gradients>(layout_, model_, separate ? 2 : 1, options);
  if (weighting_->needs_meta_step()) {
    virtual_ = at::empty({1, layout_.total}, options);
    virtual_view_ = make_views(layout_, model_, virtual_);
    meta_gradient_ = std::make_unique<Gradients>(layout_, model_, 1, options);
  }
}

MethodStep::~MethodStep() = default;

bool MethodStep::needs_meta() const { return weighting_->needs_meta_step(); }

double MethodStep::learning_rate(std::int64_t number) const {
  if (!protocol_.cosine_per_batch || !method_.joint) return train_.lr;
  // The released code gives the scheduler its number of epochs as T_max, then steps it once a batch.
  return train_.lr * (1 + std::cos(std::numbers::pi * static_cast<double>(number) / train_.epochs)) / 2;
}

DropoutMasks MethodStep::masks(const StepPlace& place, int pass) const {
  const int drawn = protocol_.autol_reuse_masks ? kNetwork : pass;
  const RandomStream stream = streams_.dropout.child(static_cast<std::uint64_t>(place.epoch))
                                  .child(static_cast<std::uint64_t>(place.step))
                                  .child(static_cast<std::uint64_t>(drawn));
  return {stream, model_.dropout, flat_};
}

ForwardPass MethodStep::train_pass(const ModelView& parameters, const StepPlace& place, int pass,
                                   const at::Tensor& bag) const {
  const DropoutMasks m = masks(place, pass);
  return forward(parameters, model_, bag, method_.joint, &m);
}

void MethodStep::task_gradients(const ModelView& parameters, const ForwardPass& pass, const Example& example,
                                Gradients& out) const {
  const OutputGradients g = output_gradients(pass, example, {{1, 0}, {0, 1}});
  backward(parameters, pass, g.logits, g.regression, out.view);
}

void MethodStep::weighted_gradient(const ModelView& parameters, const ForwardPass& pass, const Example& example,
                                   const std::vector<double>& weights, Gradients& out) const {
  const OutputGradients g = output_gradients(pass, example, {weights});
  backward(parameters, pass, g.logits, g.regression, out.view);
}

void MethodStep::check_losses(const StepPlace& place, const Example& example, const TaskLosses& losses,
                              const char* where) const {
  for (std::size_t k = 0; k < (method_.joint ? 2 : 1); ++k) {
    if (std::isfinite(losses[k])) continue;
    throw Error(ErrorKind::cell_failed, describe(place, example.patient) + ": " + kTaskNames[k] + " loss" + where +
                                            " is " + std::to_string(losses[k]));
  }
}

TaskLosses MethodStep::run(const StepPlace& place, const Example& example, const Example& meta) {
  const c10::InferenceMode guard;
  const double lr = learning_rate(place.number);
  const bool meta_needed = needs_meta();
  if (meta_needed && !protocol_.autol_reuse_masks) {
    const ForwardPass pass = train_pass(view_, place, kVirtual, example.bag);
    check_losses(place, example, task_losses(pass, example.label, example.target), "");
    task_gradients(view_, pass, example, *gradients_);
    meta_step(place, example, meta, lr);
  }
  const ForwardPass pass = train_pass(view_, place, kNetwork, example.bag);
  const TaskLosses losses = task_losses(pass, example.label, example.target);
  check_losses(place, example, losses, "");
  if (gradients_->shared.size(0) == 1) {
    weighted_gradient(view_, pass, example, weighting_->weights(), *gradients_);
    if (!update(place, lr, gradients_->shared_sum({1}), gradients_->own_sum({1}))) fail_gradient(place, pass, example);
  } else {
    task_gradients(view_, pass, example, *gradients_);
    // The gradients of the network's own step serve the meta step as well: one forward pass of the training bag.
    if (meta_needed && protocol_.autol_reuse_masks) meta_step(place, example, meta, lr);
    aggregate_and_update(place, pass, example, lr);
  }
  weighting_->step_done(std::span(losses.data(), method_.joint ? 2 : 1), lr);
  return losses;
}

MethodStep::Parts MethodStep::parts(const at::Tensor& flat) const {
  return {flat[0].narrow(0, 0, layout_.shared), flat[0].narrow(0, layout_.shared, layout_.total - layout_.shared)};
}

void MethodStep::meta_step(const StepPlace& place, const Example& example, const Example& meta, double lr) {
  const std::vector<double> lambda = weighting_->weights();
  const Parts theta = parts(flat_), ahead = parts(virtual_);
  gradient_step(lr, train_.weight_decay, gradients_->shared_sum(lambda), theta.shared, ahead.shared, threads_);
  gradient_step(lr, train_.weight_decay, gradients_->own_sum(lambda), theta.own, ahead.own, threads_);

  const ForwardPass pass = train_pass(virtual_view_, place, kMeta, meta.bag);
  check_losses(place, meta, task_losses(pass, meta.label, meta.target), " of the meta bag");
  weighted_gradient(virtual_view_, pass, meta, {1.0, protocol_.autol_primary_all ? 1.0 : 0.0}, *meta_gradient_);

  std::vector<double> by_lambda(2);
  if (protocol_.autol_exact) {
    const std::vector<double> shared = inner_products(gradients_->shared, meta_gradient_->shared),
                              own = inner_products(gradients_->own, meta_gradient_->own);
    for (std::size_t k = 0; k < 2; ++k) by_lambda[k] = -lr * (shared[k] + own[k]);
  } else {
    by_lambda = finite_differences(place, example, lr);
  }
  for (std::size_t k = 0; k < 2; ++k) {
    if (std::isfinite(by_lambda[k])) continue;
    throw Error(ErrorKind::cell_failed, describe(place, meta.patient) + ": Auto-Lambda's meta gradient of the " +
                                            kTaskNames[k] + " weight is " + std::to_string(by_lambda[k]));
  }
  weighting_->meta_step(by_lambda);
  last_meta_gradient_ = by_lambda;
}

// The released code's: -lr (L_k(theta + eps v) - L_k(theta - eps v)) / (2 eps) on the training bag, eps = 0.01 / |v|.
std::vector<double> MethodStep::finite_differences(const StepPlace& place, const Example& example, double lr) {
  const at::Tensor v = meta_gradient_->shared[0], v_own = meta_gradient_->own[0];
  const double norm = std::sqrt(inner_products(meta_gradient_->shared, meta_gradient_->shared)[0] +
                                inner_products(meta_gradient_->own, meta_gradient_->own)[0]);
  if (norm == 0) return {0, 0};  // the limit: no direction, no difference
  const double eps = 0.01 / norm;
  const Parts theta = parts(flat_), out = parts(virtual_);
  TaskLosses at_sign[2];
  for (int sign = 0; sign < 2; ++sign) {
    const double factor = sign == 0 ? eps : -eps;
    offset(theta.shared, factor, v, out.shared, threads_);
    offset(theta.own, factor, v_own, out.own, threads_);
    const ForwardPass pass = train_pass(virtual_view_, place, sign == 0 ? kPlus : kMinus, example.bag);
    at_sign[sign] = task_losses(pass, example.label, example.target);
  }
  return {-lr * (at_sign[0][0] - at_sign[1][0]) / (2 * eps), -lr * (at_sign[0][1] - at_sign[1][1]) / (2 * eps)};
}

// Coefficients of the rows of unweighted gradients in the aggregated gradient of the weighted ones. GradDrop is no
// combination of rows: it weights the rows in place and gives `sum` [P_shared] instead.
std::vector<double> MethodStep::shared_coefficients(const StepPlace& place, const std::vector<double>& weights,
                                                    at::Tensor& sum) {
  const at::Tensor& rows = gradients_->shared;
  if (method_.aggregation == Aggregation::none) return weights;
  if (method_.aggregation == Aggregation::graddrop) {
    for (std::size_t k = 0; k < weights.size(); ++k) {
      if (weights[k] != 1) rows.select(0, static_cast<std::int64_t>(k)).mul_(weights[k]);
    }
    const RandomStream stream =
        streams_.graddrop.child(static_cast<std::uint64_t>(place.epoch)).child(static_cast<std::uint64_t>(place.step));
    sum = aggregate(Aggregation::graddrop, rows, StepInputs(stream, layout_.shared, flat_.device()), protocol_);
    return {};
  }
  // Weighting scales M by w_i w_j, so the long rows need not be scaled: one pass over them less.
  GramMatrix gram = gram_matrix(rows);
  for (std::size_t i = 0; i < 2; ++i) {
    for (std::size_t j = 0; j < 2; ++j) gram.values[2 * i + j] *= weights[i] * weights[j];
  }
  std::vector<double> c = method_.aggregation == Aggregation::pcgrad ? pcgrad_coefficients(gram, {{1}, {0}}, protocol_)
                                                                     : cagrad_coefficients(gram, kCagradC, protocol_);
  for (std::size_t k = 0; k < 2; ++k) c[k] *= weights[k];
  return c;
}

void MethodStep::aggregate_and_update(const StepPlace& place, const ForwardPass& pass, const Example& example,
                                      double lr) {
  const std::vector<double> weights = weighting_->weights();
  at::Tensor sum;
  std::vector<double> coefficients;
  try {
    coefficients = shared_coefficients(place, weights, sum);
  } catch (const std::domain_error&) {
    fail_gradient(place, pass, example);
  }
  const GradientSum shared = sum.defined() ? GradientSum{{sum}, {1.0}} : gradients_->shared_sum(coefficients);
  if (!update(place, lr, shared, gradients_->own_sum(weights))) fail_gradient(place, pass, example);
}

bool MethodStep::update(const StepPlace& place, double lr, const GradientSum& shared, const GradientSum& own) {
  const AdamW settings = {.lr = lr, .weight_decay = train_.weight_decay};
  const std::int64_t trained = (method_.joint ? layout_.total : layout_.classification) - layout_.shared;
  const Parts p = parts(flat_), m = parts(first_), v = parts(second_);
  const auto used = [&](const at::Tensor& t) { return t.narrow(0, 0, trained); };
  GradientSum own_used = own;
  for (at::Tensor& row : own_used.row) row = used(row);
  const bool good = adamw_step(settings, place.number + 1, shared, p.shared, m.shared, v.shared, threads_);
  return adamw_step(settings, place.number + 1, own_used, used(p.own), used(m.own), used(v.own), threads_) && good;
}

// Names the task whose gradient is not finite. The parameters may have been changed by the failed update, which the
// forward pass kept in `pass` does not feel; the gradient is made again, one row a task.
void MethodStep::fail_gradient(const StepPlace& place, const ForwardPass& pass, const Example& example) {
  const std::string where = describe(place, example.patient);
  Gradients rows(layout_, model_, method_.joint ? 2 : 1, flat_.options());
  if (method_.joint) {
    task_gradients(view_, pass, example, rows);
  } else {
    weighted_gradient(view_, pass, example, {1.0}, rows);
  }
  for (std::int64_t k = 0; k < rows.shared.size(0); ++k) {
    if (all_finite(rows.shared[k]) && all_finite(rows.own[k])) continue;
    throw Error(ErrorKind::cell_failed, where + ": gradient of the " + kTaskNames[k] + " loss is not finite");
  }
  throw Error(ErrorKind::cell_failed, where + ": the sum of the tasks' gradients is not finite");
}

void MethodStep::epoch_done() { weighting_->epoch_done(); }

ForwardPass MethodStep::evaluate(const at::Tensor& bag) const {
  return forward(view_, model_, bag, method_.joint, nullptr);
}

}  // namespace mtlgrid
