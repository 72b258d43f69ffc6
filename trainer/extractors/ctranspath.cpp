#include "trainer/extractors/ctranspath.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/zeros.h>
#include <c10/core/InferenceMode.h>
#include <fmt/format.h>
#include <torch/headeronly/version.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "base/errors.h"
#include "trainer/extractors/swin_network.h"
#include "trainer/extractors/swin_reference.h"
#include "trainer/formats/extractor_description.h"
#include "trainer/kernels/products.h"

namespace mtlgrid {
namespace {

constexpr std::int64_t kPixels = std::int64_t{ctranspath::kSide} * ctranspath::kSide * 3;  // bytes of a tile

class Ctranspath : public Extractor {
 public:
  Ctranspath(std::string name, std::string note) : name_(std::move(name)), note_(std::move(note)) {}
  std::string name() const override { return name_; }
  std::int64_t width() const override { return ctranspath::kWidth; }
  int side() const override { return ctranspath::kSide; }
  std::string notes() const override { return note_; }

  void features(const std::uint8_t* tiles, int n, int side, float* out) override {
    if (side != ctranspath::kSide) {
      throw InputError(fmt::format("tile_px {}: {} takes tiles of {} pixels a side", side, name_, ctranspath::kSide));
    }
    compute(tiles, n, out);
    const std::int64_t count = std::int64_t{n} * ctranspath::kWidth;
    for (std::int64_t i = 0; i < count; ++i) {
      if (!std::isfinite(out[i]))
        throw Error(ErrorKind::cell_failed, fmt::format("{}: a feature is not finite", name_));
    }
  }

 protected:
  virtual void compute(const std::uint8_t* tiles, std::int64_t n, float* out) = 0;

 private:
  std::string name_, note_;
};

class FusedCtranspath : public Ctranspath {
 public:
  FusedCtranspath(std::string name, std::string note, const ctranspath::Weights& weights)
      : Ctranspath(std::move(name), std::move(note)), network_(weights) {}
  std::string libraries() const override { return fmt::format("LibTorch {} ({})", TORCH_VERSION, product_library()); }

 protected:
  void compute(const std::uint8_t* tiles, std::int64_t n, float* out) override {
    constexpr std::int64_t group = swin::Network::kGroup;
    workspaces_.resize(std::max(workspaces_.size(), static_cast<std::size_t>(at::get_num_threads())));
    at::parallel_for(0, (n + group - 1) / group, 1, [&](std::int64_t begin, std::int64_t end) {
      swin::Workspace& workspace = workspaces_[static_cast<std::size_t>(at::get_thread_num())];
      for (std::int64_t g = begin; g < end; ++g) {
        const std::int64_t first = g * group;
        if (first + group <= n) {
          network_.run(tiles + first * kPixels, out + first * ctranspath::kWidth, workspace);
        } else {
          run_last(tiles + first * kPixels, n - first, out + first * ctranspath::kWidth, workspace);
        }
      }
    });
  }

 private:
  void run_last(const std::uint8_t* tiles, std::int64_t n, float* out, swin::Workspace& workspace) const {
    std::vector<std::uint8_t> padded(static_cast<std::size_t>(swin::Network::kGroup * kPixels));
    std::vector<float> features(static_cast<std::size_t>(swin::Network::kGroup * ctranspath::kWidth));
    std::copy_n(tiles, n * kPixels, padded.begin());
    network_.run(padded.data(), features.data(), workspace);
    std::copy_n(features.begin(), n * ctranspath::kWidth, out);
  }

  swin::Network network_;
  std::vector<swin::Workspace> workspaces_;  // one a thread
};

class AtenCtranspath : public Ctranspath {
 public:
  AtenCtranspath(std::string name, std::string note, const ctranspath::Weights& weights, at::ScalarType type,
                 at::Device device, std::int64_t batch)
      : Ctranspath(std::move(name), std::move(note)), network_(weights, type, device), batch_(batch) {}
  std::string libraries() const override { return fmt::format("LibTorch {}", TORCH_VERSION); }

 protected:
  void compute(const std::uint8_t* tiles, std::int64_t n, float* out) override {
    const c10::InferenceMode guard;
    const std::vector<std::int64_t> shape = {batch_, ctranspath::kSide, ctranspath::kSide, 3};
    at::Tensor input = at::zeros(shape, at::kByte);
    for (std::int64_t first = 0; first < n; first += batch_) {
      const std::int64_t size = std::min(batch_, n - first);
      std::memcpy(input.data_ptr<std::uint8_t>(), tiles + first * kPixels, static_cast<std::size_t>(size * kPixels));
      const at::Tensor features = network_.run(input).to(at::kFloat).contiguous();
      std::copy_n(features.const_data_ptr<float>(), size * ctranspath::kWidth, out + first * ctranspath::kWidth);
    }
  }

 private:
  swin::Reference network_;
  std::int64_t batch_;
};

}  // namespace

std::unique_ptr<Extractor> make_ctranspath(const ExtractorSettings& s, const ctranspath::Weights& weights,
                                           const std::string& note) {
  const std::string name = s.extractor == "chief-ctranspath" ? "chief_ctranspath" : s.extractor;  // STAMP's spelling
  if (s.device == "cpu" && s.precision == "fp32" && has_kernels()) {
    return std::make_unique<FusedCtranspath>(name, note, weights);
  }
  const at::ScalarType type = s.precision == "fp64" ? at::kDouble : s.precision == "bf16" ? at::kBFloat16 : at::kFloat;
  // The same bits of a factor on a GPU as on the CPU: its convolutions would round to 11 bits otherwise.
  at::globalContext().setAllowTF32CuDNN(false);
  set_gpu_products("fp32");
  const at::Device device(s.device == "cuda" ? at::kCUDA : at::kCPU);
  return std::make_unique<AtenCtranspath>(name, note, weights, type, device, s.batch);
}

std::unique_ptr<Extractor> make_ctranspath(const ExtractorSettings& settings) {
  return make_ctranspath(settings, ctranspath::read_weights(settings.weights),
                         weights_note(settings.extractor, settings.weights));
}

}  // namespace mtlgrid
