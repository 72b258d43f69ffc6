#include "trainer/formats/ctranspath_weights.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "trainer/formats/state_dict.h"

namespace mtlgrid::ctranspath {
namespace {

class Names {
 public:
  void add(std::string name, std::vector<std::int64_t> shape) {
    ParameterSpec spec;
    spec.name = std::move(name);
    spec.shape = std::move(shape);
    spec.size = 1;
    for (const std::int64_t n : spec.shape) spec.size *= n;
    specs_.push_back(std::move(spec));
  }
  void linear(const std::string& name, std::int64_t out, std::int64_t in) {
    add(name + ".weight", {out, in});
    add(name + ".bias", {out});
  }
  void norm(const std::string& name, std::int64_t channels) {
    add(name + ".weight", {channels});
    add(name + ".bias", {channels});
  }
  void batch_norm(const std::string& name, std::int64_t channels) {
    norm(name, channels);
    add(name + ".running_mean", {channels});
    add(name + ".running_var", {channels});
  }
  ParameterLayout sorted() {
    std::sort(specs_.begin(), specs_.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
    ParameterLayout layout;
    for (ParameterSpec& spec : specs_) {
      spec.offset = layout.total;
      layout.total += spec.size;
    }
    layout.parameters = std::move(specs_);
    return layout;
  }

 private:
  std::vector<ParameterSpec> specs_;
};

void add_block(Names& names, const std::string& name, const Stage& stage) {
  const std::int64_t c = stage.channels;
  names.norm(name + ".norm1", c);
  names.add(name + ".attn.relative_position_bias_table", {kOffsets, stage.heads});
  names.linear(name + ".attn.qkv", 3 * c, c);
  names.linear(name + ".attn.proj", c, c);
  names.norm(name + ".norm2", c);
  names.linear(name + ".mlp.fc1", 4 * c, c);
  names.linear(name + ".mlp.fc2", c, 4 * c);
}

StateDictForm form() {
  StateDictForm form;
  form.inside = "model";
  for (const char* norm : {"patch_embed.proj.1", "patch_embed.proj.4"}) {
    form.optional[fmt::format("{}.num_batches_tracked", norm)] = {};
  }
  for (std::size_t s = 0; s < kStages.size(); ++s) {
    for (int b = 0; b < kStages[s].blocks; ++b) {
      const std::string block = fmt::format("layers.{}.blocks.{}", s, b);
      form.optional[block + ".attn.relative_position_index"] = {kTokens, kTokens};
      const std::int64_t windows = kStages[s].side / kWindow;
      if (shifted(kStages[s], b)) form.optional[block + ".attn_mask"] = {windows * windows, kTokens, kTokens};
    }
  }
  return form;
}

}  // namespace

bool shifted(const Stage& stage, int block) { return block % 2 == 1 && stage.side > kWindow; }

int relative_position(int query, int key) {
  const int rows = query / kWindow - key / kWindow, columns = query % kWindow - key % kWindow;
  return (rows + kWindow - 1) * (2 * kWindow - 1) + columns + kWindow - 1;
}

int region(int side, int row, int column) {
  const auto part = [side](int i) { return i < side - kWindow ? 0 : i < side - kShift ? 1 : 2; };
  return 3 * part(row) + part(column);
}

std::span<const double> Weights::at(const std::string& name) const {
  for (const ParameterSpec& spec : layout.parameters) {
    if (spec.name == name) {
      return std::span(values).subspan(static_cast<std::size_t>(spec.offset), static_cast<std::size_t>(spec.size));
    }
  }
  throw std::logic_error("CTransPath has no parameter " + name);
}

ParameterLayout parameter_layout() {
  Names names;
  names.add("patch_embed.proj.0.weight", {kStemOne, 3, 3, 3});
  names.batch_norm("patch_embed.proj.1", kStemOne);
  names.add("patch_embed.proj.3.weight", {kStemTwo, kStemOne, 3, 3});
  names.batch_norm("patch_embed.proj.4", kStemTwo);
  names.add("patch_embed.proj.6.weight", {kStages[0].channels, kStemTwo, 1, 1});
  names.add("patch_embed.proj.6.bias", {kStages[0].channels});
  names.norm("patch_embed.norm", kStages[0].channels);
  for (std::size_t s = 0; s < kStages.size(); ++s) {
    const Stage& stage = kStages[s];
    for (int b = 0; b < stage.blocks; ++b) add_block(names, fmt::format("layers.{}.blocks.{}", s, b), stage);
    if (s + 1 == kStages.size()) break;
    names.norm(fmt::format("layers.{}.downsample.norm", s), 4 * stage.channels);
    names.add(fmt::format("layers.{}.downsample.reduction.weight", s), {2 * stage.channels, 4 * stage.channels});
  }
  names.norm("norm", kWidth);
  return names.sorted();
}

Weights read_weights(const std::filesystem::path& file) {
  Weights weights{parameter_layout(), {}};
  weights.values = read_state_dict(file, weights.layout, form());
  return weights;
}

}  // namespace mtlgrid::ctranspath
