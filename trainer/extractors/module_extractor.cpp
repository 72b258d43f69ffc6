#include "trainer/extractors/module_extractor.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>
#include <c10/core/InferenceMode.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <torch/csrc/inductor/aoti_package/model_package_loader.h>
#include <torch/csrc/jit/serialization/import.h>
#include <torch/headeronly/version.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "base/errors.h"

namespace mtlgrid {
namespace {

using Kind = ExtractorDescription::Kind;

// A model as a function of one batch [n, 3, input, input].
class Model {
 public:
  virtual ~Model() = default;
  virtual at::Tensor run(const at::Tensor& input) = 0;
};

class ScriptModel : public Model {
 public:
  ScriptModel(const std::string& file, at::Device device, at::ScalarType type)
      : module_(torch::jit::load(file, device)) {
    module_.eval();
    module_.to(device, type);
  }
  at::Tensor run(const at::Tensor& input) override {
    const c10::IValue found = module_.forward({input});
    if (!found.isTensor()) throw InputError(fmt::format("gives a {}, expected one tensor", found.tagKind()));
    return found.toTensor();
  }

 private:
  torch::jit::Module module_;
};

class PackageModel : public Model {
 public:
  PackageModel(const std::string& file, at::Device device)
      : loader_(file, "model", false, 1, device.is_cuda() ? c10::DeviceIndex{0} : c10::DeviceIndex{-1}) {}
  at::Tensor run(const at::Tensor& input) override {
    const std::vector<at::Tensor> found = loader_.run({input});
    if (found.size() != 1) throw InputError(fmt::format("gives {} tensors, expected one", found.size()));
    return found[0];
  }

 private:
  torch::inductor::AOTIModelPackageLoader loader_;
};

// The first line of a message of torch, which continues with a trace; and what to do about one that is known.
std::string reason(const std::exception& e) {
  const std::string text = e.what();
  const std::string line = text.substr(0, std::min<std::size_t>(text.find('\n'), 300));
  // Packages are linked with libtorch.so unless told otherwise, which needs all of CUDA where it was built for it.
  const bool linked = text.find("libtorch.so") != std::string::npos;
  return linked ? line + "; compile it with aot_inductor.link_libtorch = False (examples/export_extractor.py)" : line;
}

class ModuleExtractor : public Extractor {
 public:
  ModuleExtractor(const ExtractorSettings& s, const ExtractorDescription& d)
      : description_(d),
        type_(s.precision == "fp64"   ? at::kDouble
              : s.precision == "bf16" ? at::kBFloat16
                                      : at::kFloat),
        device_(s.device == "cuda" ? at::kCUDA : at::kCPU),
        batch_(d.batch > 0 ? d.batch : s.batch) {
    if (d.kind == Kind::aot_inductor) type_ = at::kFloat;  // its types were fixed when it was compiled
    for (std::size_t c = 0; c < 3; ++c) {
      for (int v = 0; v < 256; ++v) {
        pixel_[c][static_cast<std::size_t>(v)] = static_cast<float>((v / 255. - d.mean[c]) / d.standard_deviation[c]);
      }
    }
    try {
      load();
      check_output(run(at::zeros({batch_, 3, d.input, d.input}, at::kFloat)));
    } catch (const InputError& e) {
      throw InputError(fmt::format("{}: {}", d.model.string(), e.what()));
    } catch (const std::exception& e) {
      throw InputError(
          fmt::format("{}: LibTorch {} cannot load and run it: {}", d.model.string(), TORCH_VERSION, reason(e)));
    }
  }
  std::string name() const override { return description_.name; }
  std::int64_t width() const override { return description_.output; }
  int side() const override { return description_.input; }
  std::string libraries() const override {
    return fmt::format("LibTorch {} ({})", TORCH_VERSION,
                       description_.kind == Kind::torchscript ? "TorchScript" : "AOTInductor");
  }

  void features(const std::uint8_t* tiles, int n, int side, float* out) override {
    const std::int64_t input = description_.input, pixels = input * input, width = description_.output;
    if (side != description_.input) {
      throw InputError(fmt::format("tile_px {}: {} takes tiles of {} pixels a side", side, name(), input));
    }
    at::Tensor batch = at::zeros({batch_, 3, input, input}, at::kFloat);
    for (std::int64_t first = 0; first < n; first += batch_) {
      const std::int64_t size = std::min<std::int64_t>(batch_, n - first);
      unpack(tiles + first * pixels * 3, size, batch.data_ptr<float>());
      const at::Tensor found = run(batch);
      std::copy_n(found.const_data_ptr<float>(), size * width, out + first * width);
    }
    for (std::int64_t i = 0; i < n * width; ++i) {
      if (!std::isfinite(out[i]))
        throw Error(ErrorKind::cell_failed, fmt::format("{}: a feature is not finite", name()));
    }
  }

 private:
  void load() {
    const std::string file = description_.model.string();
    if (description_.kind == Kind::torchscript) {
      model_ = std::make_unique<ScriptModel>(file, device_, type_);
    } else {
      model_ = std::make_unique<PackageModel>(file, device_);
    }
  }

  // Features of a batch, float32 on the CPU.
  at::Tensor run(const at::Tensor& batch) {
    const c10::InferenceMode guard;
    const at::Tensor found = model_->run(batch.to(at::TensorOptions().dtype(type_).device(device_)));
    return found.to(at::TensorOptions().dtype(at::kFloat).device(at::kCPU)).contiguous();
  }

  void check_output(const at::Tensor& found) const {
    const std::array<std::int64_t, 2> expected = {batch_, description_.output};
    if (found.sizes() != at::IntArrayRef(expected)) {
      throw InputError(fmt::format("gives a tensor [{}] for {} tiles, expected [{}, {}] (the description's 'output')",
                                   fmt::join(found.sizes(), ", "), batch_, batch_, description_.output));
    }
  }

  // [n, input, input, 3] to [n, 3, input, input], normalised.
  void unpack(const std::uint8_t* tiles, std::int64_t n, float* out) const {
    const std::int64_t pixels = std::int64_t{description_.input} * description_.input;
    for (std::int64_t tile = 0; tile < n; ++tile) {
      for (std::size_t c = 0; c < 3; ++c) {
        const std::uint8_t* from = tiles + tile * pixels * 3 + c;
        for (std::int64_t i = 0; i < pixels; ++i) *out++ = pixel_[c][from[i * 3]];
      }
    }
  }

  ExtractorDescription description_;
  at::ScalarType type_;
  at::Device device_;
  std::int64_t batch_;
  std::array<std::array<float, 256>, 3> pixel_{};
  std::unique_ptr<Model> model_;
};

}  // namespace

std::unique_ptr<Extractor> make_module_extractor(const ExtractorSettings& settings,
                                                 const ExtractorDescription& description) {
  return std::make_unique<ModuleExtractor>(settings, description);
}

}  // namespace mtlgrid
