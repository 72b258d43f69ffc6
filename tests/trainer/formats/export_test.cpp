// Exported weights, read back by our reader. By that of torch: tests/trainer/network/saved_weights_test.cpp; by PyTorch
// itself: tests/end_to_end/test_weights.py.
#include "trainer/formats/export.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/errors.h"
#include "tests/trainer/formats/small_weights.h"
#include "trainer/formats/state_dict.h"
#include "trainer/formats/weights.h"

namespace mtlgrid {
namespace {

class Export : public ::testing::Test, protected testing::SmallWeights {};

TEST_F(Export, IsReadBackByOurselves) {
  export_state_dict(file(), out());
  EXPECT_EQ(read_state_dict(out(), layout), std::vector<double>(weights.values.begin(), weights.values.end()));
}

TEST_F(Export, FileThatIsNoWeightsIsRefusedAndNothingWritten) {
  std::filesystem::resize_file(file(), 100);
  EXPECT_THROW(export_state_dict(file(), out()), InputError);
  EXPECT_FALSE(std::filesystem::exists(out()));
}

TEST_F(Export, WeightsOfAnotherShapeAreRefused) {
  weights.values.pop_back();
  write_weights_file(file(), weights);
  EXPECT_THROW(read_weights_file(file()), InputError);
}

}  // namespace
}  // namespace mtlgrid
