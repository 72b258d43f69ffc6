// Dynamic Weight Average: tasks whose loss falls slowest count most.
#pragma once

#include "balancers/methods/protocol.h"
#include "balancers/weightings/weighting.h"

namespace mtlgrid {

// Liu, Johns, Davison 2018, equation 7: in epoch t, w_k = K exp(r_k/T) / sum_j exp(r_j/T) with T = 2 and
// r_k = mean L_k(t-1) / mean L_k(t-2), means over the training steps of an epoch; 1 in the first two epochs.
//
// r_k where the older mean is 0: 1 if the newer is 0 too (no change), else +infinity; tasks at +infinity share K
// equally and the others get 0, the limit of the formula.
//
// Departure under `dwa_shifted_history` (the released code): in step n (counted from 1 in each epoch) the running mean
// of every task k > 0 is (n-1)/n * m_0 + L_k/n, where m_0 is the running mean of task 0 with step n already in it.
// Its value at the end of an epoch is thus nearly that of the classification, whatever L_k was.
class DynamicWeightAverage : public LossWeighting {
 public:
  DynamicWeightAverage(int tasks, const Protocol& protocol);
  std::vector<double> weights() const override;
  // Throws std::domain_error naming the task if a loss is not finite.
  void step_done(std::span<const double> losses, double learning_rate) override;
  // Ends an epoch; an epoch without a step leaves the history as it was.
  void epoch_done() override;
  nlohmann::json save() const override;
  void load(const nlohmann::json& state) override;

 private:
  std::size_t tasks_;
  bool shifted_;
  std::vector<double> running_;               // mean losses of the epoch under way
  std::vector<std::vector<double>> history_;  // mean losses of at most the last two epochs, oldest first
  long steps_ = 0;                            // in the epoch under way
};

}  // namespace mtlgrid
