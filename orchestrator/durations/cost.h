// Guessed training times before anything was measured, from operations and bytes (trainer/contract/flops.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "orchestrator/plan/plan.h"

namespace mtlgrid {

// Guessed speed of a trainer's machine: a pass over a bag takes operations / flops + bytes / bytes + pass.
struct MachineGuess {
  double flops = 0, bytes = 0;  // a second
  double pass = 0;              // fixed seconds per pass
};
// Within 15 % of what steps on bags of 42 to 4,000 tiles took on two machines; a pass of networks 24 wide took 0.25 ms
// on a quiet machine (docs/measurements.md), three times as much on a busy one.
inline constexpr MachineGuess kOneCore = {85e9, 25e9, 0.3e-3};
// Uncertain: measured on one kind of GPU, with bags of 42 and 1,000 tiles.
inline constexpr MachineGuess kOneGpu = {20e12, 2e12, 0.5e-3};

// Seconds that a training step of each method, and a prediction, take on each patient's bag: what all pairs share.
struct PatientSeconds {
  std::vector<std::vector<std::vector<double>>> step;  // [method of methods(), cohort of the plan, patient]
  std::vector<std::vector<double>> prediction;         // [cohort, patient]
};
PatientSeconds patient_seconds(const Plan& plan, const MachineGuess& machine);

// Seconds of one epoch of the cells of a pair, a method (its place in methods()) and a fold, validation included; of
// their evaluation after the last one; and of the longest training step of a pair and method.
double epoch_seconds(const PatientSeconds& seconds, const Pair& pair, std::size_t method, std::size_t fold);
double evaluation_seconds(const PatientSeconds& seconds, const Pair& pair, std::size_t fold);
double longest_step_seconds(const PatientSeconds& seconds, const Pair& pair, std::size_t method);

// The first two of a single cell.
double epoch_seconds(const Plan& plan, const Cell& cell, const MachineGuess& machine);
double evaluation_seconds(const Plan& plan, const Cell& cell, const MachineGuess& machine);

// Seconds of the whole cell on one core without early stopping: orders cells where nothing better is known.
double expected_cost(const Plan& plan, const Cell& cell);

// The largest bag that the plan trains or predicts, in tiles.
std::int64_t largest_bag(const Plan& plan);

}  // namespace mtlgrid
