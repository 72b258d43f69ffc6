// Exported weights, read back by torch's own reader and by ours. PyTorch itself: tests/end_to_end/test_weights.py.
#include "trainer/training/export.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/csrc/jit/serialization/pickle.h>

#include <fstream>

#include "base/errors.h"
#include "tests/trainer/formats/small_weights.h"
#include "trainer/formats/state_dict.h"
#include "trainer/formats/weights.h"

namespace mtlgrid {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

class Export : public ::testing::Test, protected testing::SmallWeights {
 protected:
  WeightsOfCell of_cell() const { return {file().string(), weights.cell, weights.grid}; }
};

TEST_F(Export, IsReadBackByTorch) {
  export_state_dict(of_cell(), out());
  std::ifstream in(out(), std::ios::binary);
  const std::vector<char> bytes((std::istreambuf_iterator<char>(in)), {});
  const auto dict = torch::jit::pickle_load(bytes).toGenericDict();
  ASSERT_EQ(dict.size(), layout.parameters.size());
  for (const ParameterSpec& p : layout.parameters) {
    const at::Tensor t = dict.at(p.name).toTensor();
    EXPECT_EQ(t.sizes().vec(), p.shape) << p.name;
    EXPECT_EQ(t.flatten()[0].item<float>(), static_cast<float>(p.offset)) << p.name;
    EXPECT_EQ(t.flatten()[-1].item<float>(), static_cast<float>(p.offset + p.size - 1)) << p.name;
  }
}

TEST_F(Export, IsReadBackByOurselves) {
  export_state_dict(of_cell(), out());
  EXPECT_EQ(read_state_dict(out(), layout), std::vector<double>(weights.values.begin(), weights.values.end()));
}

TEST_F(Export, FileThatIsNoWeightsIsRefusedAndNothingWritten) {
  std::filesystem::resize_file(file(), 100);
  EXPECT_THROW(export_state_dict(of_cell(), out()), InputError);
  EXPECT_FALSE(std::filesystem::exists(out()));
}

TEST_F(Export, WeightsOfAnotherCellOrGridAreRefusedAndNothingWritten) {
  WeightsOfCell other_cell = of_cell(), other_grid = of_cell();
  other_cell.cell.fold = 1;
  other_grid.grid = "other";
  EXPECT_THAT(
      [&] { export_state_dict(other_cell, out()); },
      ThrowsMessage<InputError>(HasSubstr("has weights of cell MSI/LF/naive/2, expected those of MSI/LF/naive/1")));
  EXPECT_THAT([&] { export_state_dict(other_grid, out()); },
              ThrowsMessage<InputError>(HasSubstr("has weights of grid small, expected those of other")));
  EXPECT_FALSE(std::filesystem::exists(out()));
}

TEST_F(Export, WeightsOfAnotherShapeAreRefused) {
  weights.values.pop_back();
  write_weights_file(file(), weights);
  EXPECT_THROW(read_weights_file(file()), InputError);
}

}  // namespace
}  // namespace mtlgrid
