#include "trainer/training/export.h"

#include <caffe2/serialize/inline_container.h>

#include <cstdint>
#include <span>
#include <string>

#include "base/errors.h"
#include "trainer/contract/parameters.h"
#include "trainer/formats/container.h"
#include "trainer/formats/weights.h"

namespace mtlgrid {
namespace {

// Pickle protocol 2, the few opcodes a state dict needs (names as in Python's pickletools).
class Pickle {
 public:
  Pickle() { bytes_ = "\x80\x02"; }  // PROTO 2
  void global(const char* module, const char* name) { bytes_ += std::string("c") + module + "\n" + name + "\n"; }
  void mark() { bytes_ += '('; }
  void tuple() { bytes_ += 't'; }
  void empty_dict() { bytes_ += '}'; }
  void empty_tuple() { bytes_ += ')'; }
  void reduce() { bytes_ += 'R'; }
  void persistent_id() { bytes_ += 'Q'; }
  void set_items() { bytes_ += 'u'; }
  void no() { bytes_ += "\x89"; }
  void text(const std::string& s) {
    bytes_ += 'X';
    number(static_cast<std::uint32_t>(s.size()), 4);
    bytes_ += s;
  }
  void integer(std::int64_t value) {  // LONG1: little-endian two's complement
    bytes_ += "\x8a\x08";
    number(static_cast<std::uint64_t>(value), 8);
  }
  std::string finish() { return bytes_ + '.'; }

 private:
  void number(std::uint64_t value, int width) {
    for (int i = 0; i < width; ++i) bytes_ += static_cast<char>((value >> (8 * i)) & 0xff);
  }
  std::string bytes_;
};

void ordered_dict(Pickle& p) {
  p.global("collections", "OrderedDict");
  p.empty_tuple();
  p.reduce();
}

void integers(Pickle& p, const std::vector<std::int64_t>& values) {
  p.mark();
  for (std::int64_t v : values) p.integer(v);
  p.tuple();
}

// torch._utils._rebuild_tensor_v2(storage, 0, size, stride, False, OrderedDict()).
void tensor(Pickle& p, const ParameterSpec& spec, const std::string& key) {
  std::vector<std::int64_t> stride(spec.shape.size(), 1);
  for (std::size_t i = stride.size(); i-- > 1;) stride[i - 1] = stride[i] * spec.shape[i];
  p.global("torch._utils", "_rebuild_tensor_v2");
  p.mark();
  p.mark();
  p.text("storage");
  p.global("torch", "FloatStorage");
  p.text(key);
  p.text("cpu");
  p.integer(spec.size);
  p.tuple();
  p.persistent_id();
  p.integer(0);
  integers(p, spec.shape);
  integers(p, stride);
  p.no();
  ordered_dict(p);
  p.tuple();
  p.reduce();
}

}  // namespace

void export_state_dict(const WeightsOfCell& wanted, const std::filesystem::path& out) {
  const Weights weights = read_weights_file(wanted.file);
  require_weights_of(weights, wanted.file, wanted.cell, wanted.grid);
  const ParameterLayout layout =
      make_layout(weights.model, weights.width, weights.label_column, weights.auxiliary_column);
  Pickle p;
  p.empty_dict();  // not an OrderedDict, which torch's C++ reader takes for nothing; load_state_dict takes either
  p.mark();
  for (std::size_t i = 0; i < layout.parameters.size(); ++i) {
    p.text(layout.parameters[i].name);
    tensor(p, layout.parameters[i], std::to_string(i));
  }
  p.set_items();
  const std::string pickle = p.finish();

  std::string zip;
  {
    caffe2::serialize::PyTorchStreamWriter writer([&](const void* data, std::size_t n) {
      zip.append(static_cast<const char*>(data), n);
      return n;
    });
    writer.writeRecord("data.pkl", pickle.data(), pickle.size());
    writer.writeRecord("byteorder", "little", 6);
    for (std::size_t i = 0; i < layout.parameters.size(); ++i) {
      const ParameterSpec& spec = layout.parameters[i];
      writer.writeRecord("data/" + std::to_string(i), weights.values.data() + spec.offset,
                         static_cast<std::size_t>(spec.size) * sizeof(float));
    }
    writer.writeEndOfFile();
  }
  write_file_whole(std::filesystem::absolute(out), {std::span<const char>(zip)});
}

}  // namespace mtlgrid
