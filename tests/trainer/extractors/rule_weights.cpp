#include "tests/trainer/extractors/rule_weights.h"

#include <caffe2/serialize/inline_container.h>
#include <fmt/format.h>

#include <cmath>
#include <fstream>
#include <utility>

namespace mtlgrid::testing {
namespace {

double hashed(std::uint32_t i, std::uint32_t k) {
  std::uint32_t x = i * 2654435761U + k * 40503U + 12345U;
  x = (x ^ x >> 15) * 2246822519U;
  x = (x ^ x >> 13) * 3266489917U;
  x ^= x >> 16;
  return static_cast<double>(x) / 4294967296. - 0.5;
}

// Before it is rounded to float32.
double by_rule(const ParameterSpec& spec, double v) {
  const auto ends = [&](const char* end) { return spec.name.ends_with(end); };
  if (ends("running_var") || (spec.shape.size() == 1 && ends(".weight"))) return 1 + 0.2 * v;
  if (ends(".bias") || ends("running_mean")) return 0.2 * v;
  if (ends("relative_position_bias_table")) return 0.5 * v;
  return 2 * v * std::sqrt(3. / (static_cast<double>(spec.size) / static_cast<double>(spec.shape[0])));
}

// Pickle protocol 2 of a dict of tensors, and their bytes.
class Archive {
 public:
  void text(const std::string& s) {
    pickle += 'X';
    for (int i = 0; i < 4; ++i) pickle += static_cast<char>(s.size() >> (8 * i) & 0xff);
    pickle += s;
  }
  void integer(std::int64_t value) {  // BININT
    pickle += 'J';
    for (int i = 0; i < 4; ++i) pickle += static_cast<char>(value >> (8 * i) & 0xff);
  }
  void integers(const std::vector<std::int64_t>& values) {
    pickle += '(';
    for (const std::int64_t v : values) integer(v);
    pickle += 't';
  }
  void tensor(const std::string& name, const std::vector<std::int64_t>& shape, const char* type, std::string bytes,
              std::int64_t elements) {
    std::vector<std::int64_t> strides(shape.size(), 1);
    for (std::size_t i = strides.size(); i-- > 1;) strides[i - 1] = strides[i] * shape[i];
    text(name);
    pickle += "ctorch._utils\n_rebuild_tensor_v2\n((";
    text("storage");
    pickle += std::string("ctorch\n") + type + "\n";
    text(std::to_string(storages.size()));
    text("cpu");
    integer(elements);
    pickle += "tQ";
    integer(0);
    integers(shape);
    integers(strides);
    pickle +=
        "\x89"
        "ccollections\nOrderedDict\n)RtR";
    storages.push_back(std::move(bytes));
  }
  void write(const std::filesystem::path& file) const {
    std::ofstream out(file, std::ios::binary);
    caffe2::serialize::PyTorchStreamWriter writer([&](const void* data, std::size_t n) {
      out.write(static_cast<const char*>(data), static_cast<std::streamsize>(n));
      return n;
    });
    writer.writeRecord("data.pkl", pickle.data(), pickle.size());
    writer.writeRecord("byteorder", "little", 6);
    for (std::size_t i = 0; i < storages.size(); ++i) {
      writer.writeRecord("data/" + std::to_string(i), storages[i].data(), storages[i].size());
    }
    writer.writeEndOfFile();
  }
  std::string pickle = "\x80\x02";
  std::vector<std::string> storages;
};

void add_floats(Archive& archive, const std::string& name, const std::vector<std::int64_t>& shape,
                const std::vector<float>& values) {
  std::string bytes(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float));
  archive.tensor(name, shape, "FloatStorage", std::move(bytes), static_cast<std::int64_t>(values.size()));
}

// Their values are not looked at.
void add_buffers(Archive& archive) {
  for (const char* norm : {"patch_embed.proj.1", "patch_embed.proj.4"}) {
    archive.tensor(fmt::format("{}.num_batches_tracked", norm), {}, "LongStorage", std::string(8, '\0'), 1);
  }
  for (std::size_t s = 0; s < ctranspath::kStages.size(); ++s) {
    const ctranspath::Stage& stage = ctranspath::kStages[s];
    for (int b = 0; b < stage.blocks; ++b) {
      const std::string attention = fmt::format("layers.{}.blocks.{}.attn", s, b);
      archive.tensor(attention + ".relative_position_index", {49, 49}, "LongStorage", std::string(49 * 49 * 8, '\0'),
                     49 * 49);
      const std::int64_t windows = stage.side / 7 * (stage.side / 7);
      if (ctranspath::shifted(stage, b)) {
        add_floats(archive, attention + "_mask", {windows, 49, 49},
                   std::vector<float>(static_cast<std::size_t>(windows * 49 * 49)));
      }
    }
  }
}

}  // namespace

ctranspath::Weights rule_weights() {
  ctranspath::Weights weights{ctranspath::parameter_layout(), {}};
  weights.values.resize(static_cast<std::size_t>(weights.layout.total));
  for (std::size_t k = 0; k < weights.layout.parameters.size(); ++k) {
    const ParameterSpec& spec = weights.layout.parameters[k];
    for (std::int64_t i = 0; i < spec.size; ++i) {
      const double v = hashed(static_cast<std::uint32_t>(i), static_cast<std::uint32_t>(k));
      weights.values[static_cast<std::size_t>(spec.offset + i)] =
          static_cast<double>(static_cast<float>(by_rule(spec, v)));
    }
  }
  return weights;
}

std::vector<std::uint8_t> rule_tiles() {
  std::vector<std::uint8_t> tiles;
  for (int tile = 0; tile < 3; ++tile) {
    for (int y = 0; y < ctranspath::kSide; ++y) {
      for (int x = 0; x < ctranspath::kSide; ++x) {
        for (int c = 0; c < 3; ++c) {
          const int value = 7 * x + 13 * y + 29 * c + x * y % 31 + 57 * tile;
          tiles.push_back(static_cast<std::uint8_t>(tile == 2 ? 200 : value % 256));
        }
      }
    }
  }
  return tiles;
}

void write_checkpoint(const std::filesystem::path& file, const ctranspath::Weights& weights,
                      const CheckpointForm& form) {
  Archive archive;
  if (form.wrapped) {
    archive.pickle += "}(";
    archive.text("model");
  }
  archive.pickle += "ccollections\nOrderedDict\n)R(";
  for (const ParameterSpec& spec : weights.layout.parameters) {
    if (spec.name == form.left_out) continue;
    const auto values = weights.at(spec.name);
    add_floats(archive, spec.name, spec.shape, {values.begin(), values.end()});
  }
  if (form.buffers) add_buffers(archive);
  if (!form.extra.empty()) add_floats(archive, form.extra, {2}, {1, 2});
  archive.pickle += 'u';
  if (form.wrapped) {
    archive.text("epoch");
    archive.integer(3);
    archive.pickle += 'u';
  }
  archive.pickle += '.';
  archive.write(file);
}

}  // namespace mtlgrid::testing
