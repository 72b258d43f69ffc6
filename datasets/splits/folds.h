// Cross-validation folds and the validation split, bit-equal to scikit-learn's (spec: StratifiedKFold with shuffle,
// train_test_split with stratify; numpy's legacy RandomState, which is std::mt19937).
#pragma once

#include <cstdint>
#include <random>
#include <vector>

namespace mtlgrid {

// numpy.random.RandomState(seed), as far as scikit-learn's splitters use it.
class NumpyRandom {
 public:
  explicit NumpyRandom(std::uint32_t seed) : engine_(seed) {}
  std::uint32_t next() { return static_cast<std::uint32_t>(engine_()); }
  // Uniform in [0, max], numpy's masked rejection; max = 0 takes no draw.
  std::uint32_t interval(std::uint32_t max);
  void shuffle(std::vector<int>& values);
  std::vector<int> permutation(int n);
  std::vector<int> permutation(std::vector<int> values);

 private:
  std::mt19937 engine_;
};

// The values at these positions, in their order.
std::vector<int> elements(const std::vector<int>& values, const std::vector<int>& positions);

// The row numbers from 0 to rows - 1 that are not in `some`, which is ascending; ascending.
std::vector<int> other_rows(const std::vector<int>& some, int rows);

// Row numbers of one fold. `train` and `valid` are in scikit-learn's permuted order, `test` is ascending.
struct FoldSplit {
  std::vector<int> train, valid, test;
};

// sklearn.model_selection.StratifiedKFold(k, shuffle=True, random_state=seed): the test rows of each fold, ascending.
// `classes` are the rows' class codes. Throws InputError where scikit-learn raises ValueError: k < 2, or every class
// has fewer than k members.
std::vector<std::vector<int>> stratified_k_fold(const std::vector<int>& classes, int k, std::uint32_t seed);

struct TrainTest {
  std::vector<int> train, test;  // positions in `classes`, permuted order
};
// sklearn.model_selection.train_test_split(rows, test_size, stratify=classes, random_state=seed).
// Throws InputError where scikit-learn raises ValueError.
TrainTest stratified_split(const std::vector<int>& classes, double test_size, std::uint32_t seed);

// The released code's protocol: k folds, then a validation share of each fold's training rows, both with `seed`.
// Throws InputError if any class has fewer than k members (scikit-learn only warns; but a fold without positives has no
// AUROC), and where either call does.
std::vector<FoldSplit> cross_validation(const std::vector<int>& classes, int k, double validation, std::uint32_t seed);

// How many of `draws` each class gets: the mode of the multivariate hypergeometric distribution of `counts`, ties
// broken by `random`; as scikit-learn's _approximate_mode; exposed for its test vectors.
std::vector<int> approximate_mode(const std::vector<int>& counts, int draws, NumpyRandom& random);

}  // namespace mtlgrid
