#include "trainer/extractors/swin_network.h"

#include <algorithm>

#include "trainer/extractors/swin_rows.h"
#include "trainer/kernels/products.h"

namespace mtlgrid::swin {
namespace {

using ctranspath::kHead;
using ctranspath::kSide;
using ctranspath::kStages;
using ctranspath::kTokens;
using ctranspath::kWidth;
using ctranspath::kWindow;
using ctranspath::Stage;

constexpr std::int64_t kWindows = 4, kChunk = kWindows * kTokens;  // windows and rows of a chunk
constexpr std::int64_t kDepth = 768;  // of one kernel, so that its left factor stays in the second-level cache
// Between rows of left factors: no multiple of a page, or rows would compete for the same cache lines.
constexpr std::int64_t kGap = 16;
constexpr std::int64_t kHalf = kSide / 2, kQuarter = kSide / 4;  // pixels a side after the convolutions
constexpr std::int64_t kStemChannels = 16;                       // of the first convolution: 12 and padding
constexpr std::int64_t kTapsOne = 27, kTapsTwo = 9 * kStemChannels;

// C [m, n] (+)= A W; row strides in floats.
void multiply(std::int64_t m, const float* a, std::int64_t a_stride, const Panels& w, float* c, std::int64_t c_stride,
              bool add_to) {
  for (std::int64_t j = 0; j < w.n; j += kPanel) {
    for (std::int64_t d = 0; d < w.k; d += kDepth) {
      kernel(m, kPanel, std::min(kDepth, w.k - d), a + d, a_stride, w.values.data() + j * w.k + d * kPanel, kPanel,
             c + j, c_stride, add_to || d > 0);
    }
  }
}

// The token at each place of the windows, one window after the other, of one tile; of the last stage, of a group.
std::vector<int> window_order(const Stage& stage, bool shift) {
  std::vector<int> order;
  const int windows = stage.side / kWindow, by = shift ? ctranspath::kShift : 0;
  for (int w = 0; w < windows * windows; ++w) {
    for (int token = 0; token < kTokens; ++token) {
      const int row = w / windows * kWindow + token / kWindow, column = w % windows * kWindow + token % kWindow;
      order.push_back((row + by) % stage.side * stage.side + (column + by) % stage.side);
    }
  }
  for (int i = static_cast<int>(order.size()); i < kChunk; ++i) order.push_back(i);
  return order;
}

// Normalised pixels with a border of zeros, [226, 226, 3]; the border stays as it is.
void unpack(const NetworkWeights& w, const std::uint8_t* tile, float* pixels) {
  constexpr std::int64_t row = (kSide + 2) * 3;
  for (std::int64_t y = 0; y < kSide; ++y) {
    float* to = pixels + (y + 1) * row + 3;
    for (std::int64_t x = 0; x < kSide; ++x, to += 3, tile += 3) {
      for (std::size_t c = 0; c < 3; ++c) to[c] = w.pixel[c][tile[c]];
    }
  }
}

// The rows of a product for a convolution of 3 x 3 with stride 2: for each of `n` outputs of row `y`, three runs of
// 3 `channels` numbers of the padded map of `side` + 2.
template <std::int64_t channels, std::int64_t side>
void taps(const float* map, std::int64_t y, float* out) {
  constexpr std::int64_t run = 3 * channels, row = (side + 2) * channels;
  for (std::int64_t x = 0; x < side / 2; ++x) {
    for (std::int64_t k = 0; k < 3; ++k, out += run) {
      std::copy_n(map + (2 * y + k) * row + 2 * x * channels, run, out);
    }
  }
}

// From a tile to x [56 * 56, 96].
void run_stem(const NetworkWeights& w, const std::uint8_t* tile, float* x, Workspace& s) {
  unpack(w, tile, s.pixels.data());
  for (std::int64_t y = 0; y < kHalf; ++y) {
    float* to = s.stem.data() + ((y + 1) * (kHalf + 2) + 1) * kStemChannels;
    taps<3, kSide>(s.pixels.data(), y, s.rows.data());
    kernel(kHalf, kStemChannels, kTapsOne, s.rows.data(), kTapsOne, w.stem[0].product.values.data(), kPanel, to,
           kStemChannels, false);
    for (std::int64_t i = 0; i < kHalf; ++i) bias_relu(to + i * kStemChannels, w.stem[0].bias.data(), kStemChannels);
  }
  constexpr std::int64_t middle = ctranspath::kStemTwo, channels = kStages[0].channels;
  for (std::int64_t y = 0; y < kQuarter; ++y, x += kQuarter * channels) {
    taps<kStemChannels, kHalf>(s.stem.data(), y, s.rows.data());
    kernel(kQuarter, middle, kTapsTwo, s.rows.data(), kTapsTwo, w.stem[1].product.values.data(), kPanel, s.out.data(),
           middle, false);
    for (std::int64_t i = 0; i < kQuarter; ++i) bias_relu(s.out.data() + i * middle, w.stem[1].bias.data(), middle);
    multiply(kQuarter, s.out.data(), middle, w.stem[2].product, s.hidden.data(), channels, false);
    for (std::int64_t i = 0; i < kQuarter; ++i) {
      add(s.hidden.data() + i * channels, w.stem[2].bias.data(), channels);
      normalise(s.hidden.data() + i * channels, x + i * channels, channels);
      scale_shift(x + i * channels, w.stem_weight.data(), w.stem_bias.data(), channels);
    }
  }
}

// Attention of one head of one window: out [49, 32] of a chunk's rows from qkv.
void attend(const Stage& stage, const float* qkv, const float* bias, const float* mask, float* out, Workspace& s) {
  const std::int64_t stride = 3 * stage.channels;
  transpose(qkv + stage.channels, stride, kTokens, kHead, s.keys.data(), kScoreStride);
  kernel(kTokens, kScoreStride, kHead, qkv, stride, s.keys.data(), kScoreStride, s.scores.data(), kScoreStride, false);
  softmax(s.scores.data(), bias, mask);
  kernel(kTokens, kHead, kTokens, s.scores.data(), kScoreStride, qkv + 2 * stage.channels, stride, out,
         stage.channels + kGap, false);
}

// The block on one chunk, in place on x; `order` is the chunk's, `kinds` the masks of its windows.
void run_chunk(const Stage& stage, const Block& b, const int* order, const float* const* mask, float* x, Workspace& s) {
  const std::int64_t c = stage.channels, stride = c + kGap;
  for (std::int64_t i = 0; i < kChunk; ++i) {
    normalise_and_add(x + order[i] * c, b.proj.bias.data(), s.normal.data() + i * stride, s.residual.data() + i * c, c);
  }
  multiply(kChunk, s.normal.data(), stride, b.qkv.product, s.qkv.data(), 3 * c, false);
  for (std::int64_t i = 0; i < kChunk; ++i) add(s.qkv.data() + i * 3 * c, b.qkv.bias.data(), c);
  for (std::int64_t w = 0; w < kWindows; ++w) {
    for (std::int64_t h = 0; h < stage.heads; ++h) {
      attend(stage, s.qkv.data() + w * kTokens * 3 * c + h * kHead, b.position.data() + h * kTokens * kScoreStride,
             mask[w], s.out.data() + w * kTokens * stride + h * kHead, s);
    }
  }
  multiply(kChunk, s.out.data(), stride, b.proj.product, s.residual.data(), c, true);
  for (std::int64_t i = 0; i < kChunk; ++i) {
    normalise_then_add(s.residual.data() + i * c, b.fc2.bias.data(), s.normal.data() + i * stride, c);
  }
  const std::int64_t wide = 4 * c + kGap;
  multiply(kChunk, s.normal.data(), stride, b.fc1.product, s.hidden.data(), wide, false);
  for (std::int64_t i = 0; i < kChunk; ++i) bias_gelu(s.hidden.data() + i * wide, b.fc1.bias.data(), 4 * c);
  multiply(kChunk, s.hidden.data(), wide, b.fc2.product, s.residual.data(), c, true);
  for (std::int64_t i = 0; i < kChunk; ++i) std::copy_n(s.residual.data() + i * c, c, x + order[i] * c);
}

// All blocks of a stage on the tokens of one tile, or of a group in the last stage.
void run_stage(const Stage& stage, const StageWeights& weights, const std::vector<int> (&orders)[2], float* x,
               Workspace& s) {
  const std::int64_t side = stage.side / kWindow;
  for (std::size_t block = 0; block < weights.blocks.size(); ++block) {
    const bool shift = ctranspath::shifted(stage, static_cast<int>(block));
    const std::vector<int>& order = orders[shift ? 1 : 0];
    const auto chunks = static_cast<std::int64_t>(order.size()) / kChunk;
    for (std::int64_t chunk = 0; chunk < chunks; ++chunk) {
      const float* mask[kWindows] = {};
      for (std::int64_t w = 0; shift && w < kWindows; ++w) {
        const std::int64_t window = chunk * kWindows + w;
        const std::int64_t kind = 2 * (window / side == side - 1 ? 1 : 0) + (window % side == side - 1 ? 1 : 0);
        if (kind > 0) mask[w] = weights.masks.data() + kind * kTokens * kScoreStride;
      }
      run_chunk(stage, weights.blocks[block], order.data() + chunk * kChunk, mask, x, s);
    }
  }
}

// Four neighbours of x [side * side, C] (of several tiles) become a row of out [side / 2 * side / 2, 2 C].
void run_merge(const Stage& stage, const Folded& merge, const float* x, std::int64_t rows, float* out, Workspace& s) {
  const std::int64_t c = stage.channels, half = stage.side / 2, wide = 4 * c + kGap;
  for (std::int64_t begin = 0; begin < rows; begin += kChunk) {
    for (std::int64_t i = 0; i < kChunk; ++i) {
      const std::int64_t row = (begin + i) / half, column = (begin + i) % half;  // rows of all tiles, as half is whole
      const float* from = x + (2 * row * stage.side + 2 * column) * c;
      float* joined = s.residual.data();
      for (const std::int64_t at :
           {std::int64_t{0}, std::int64_t{stage.side}, std::int64_t{1}, std::int64_t{stage.side + 1}}) {
        joined = std::copy_n(from + at * c, c, joined);
      }
      normalise(s.residual.data(), s.hidden.data() + i * wide, 4 * c);
      std::copy_n(merge.bias.data(), 2 * c, out + (begin + i) * 2 * c);
    }
    multiply(kChunk, s.hidden.data(), wide, merge.product, out + begin * 2 * c, 2 * c, true);
  }
}

}  // namespace

Workspace::Workspace()
    : pixels((kSide + 2) * (kSide + 2) * 3),
      rows(std::max(kHalf * kTapsOne, kQuarter * kTapsTwo)),
      stem((kHalf + 2) * (kHalf + 2) * kStemChannels),
      residual(kChunk * kWidth),
      normal(kChunk * (kWidth + kGap)),
      qkv(kChunk * 3 * kWidth),
      out(kChunk * (kWidth + kGap)),
      hidden(kChunk * (4 * kWidth + kGap)),
      keys(kHead * kScoreStride),
      scores(kTokens * kScoreStride) {
  for (std::size_t s = 0; s < kStages.size(); ++s) {
    const std::int64_t tiles = s < 2 ? 1 : Network::kGroup;
    x[s].resize(static_cast<std::size_t>(tiles * kStages[s].side * kStages[s].side * kStages[s].channels));
  }
}

Network::Network(const ctranspath::Weights& weights) : weights_(pack(weights)) {
  for (std::size_t s = 0; s < kStages.size(); ++s) {
    for (const bool shift : {false, true}) order_[s][shift ? 1 : 0] = window_order(kStages[s], shift);
  }
}

void Network::run(const std::uint8_t* tiles, float* out, Workspace& s) const {
  constexpr std::int64_t third = kStages[2].side * kStages[2].side * kStages[2].channels;
  for (std::int64_t tile = 0; tile < kGroup; ++tile) {
    run_stem(weights_, tiles + tile * kSide * kSide * 3, s.x[0].data(), s);
    float* x2 = s.x[2].data() + tile * third;
    for (std::size_t stage = 0; stage < 3; ++stage) {
      float* x = stage < 2 ? s.x[stage].data() : x2;
      run_stage(kStages[stage], weights_.stages[stage], order_[stage], x, s);
      const std::int64_t rows = kStages[stage].side * kStages[stage].side / 4;
      if (stage < 2)
        run_merge(kStages[stage], weights_.stages[stage].merge, x, rows, stage == 0 ? s.x[1].data() : x2, s);
    }
  }
  run_merge(kStages[2], weights_.stages[2].merge, s.x[2].data(), kGroup * kTokens, s.x[3].data(), s);
  run_stage(kStages[3], weights_.stages[3], order_[3], s.x[3].data(), s);
  for (std::int64_t i = 0; i < kGroup * kTokens; ++i) {
    normalise(s.x[3].data() + i * kWidth, s.normal.data() + i * kWidth, kWidth);
  }
  for (std::int64_t tile = 0; tile < kGroup; ++tile) {
    mean_rows(s.normal.data() + tile * kTokens * kWidth, kTokens, weights_.final_weight.data(),
              weights_.final_bias.data(), out + tile * kWidth, kWidth);
  }
}

}  // namespace mtlgrid::swin
