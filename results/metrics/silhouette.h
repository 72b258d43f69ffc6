// Silhouette (Rousseeuw 1987) of two clusters, on everyone and on resamples.
//
// With multiplicities m and M_c = the sum of m over class c, for a patient i of class c and the other class o:
//   a_i = sum_{j in c} m_j d_ij / (M_c - m_i)    d_ii = 0, and i's own copies are not among its neighbours
//   b_i = sum_{j in o} m_j d_ij / M_o
//   s_i = (b_i - a_i) / max(a_i, b_i)            0 where no other patient of class c was drawn, or both are 0
// and the silhouette is sum m_i s_i / sum m_i. On the resample written out, i's copies would enter a_i at distance 0
// with weight m_i - 1: every a_i would be too small, and every resample's silhouette biased upwards. With every
// multiplicity 1 this is sklearn.metrics.silhouette_score.
#pragma once

#include <span>
#include <vector>

#include "results/metrics/resamples.h"

namespace mtlgrid {

// Euclidean distances between embeddings, [n, n] row-major, computed in double. std::invalid_argument for embeddings of
// different lengths, Error(cell_failed) naming the row for a number that is not finite.
std::vector<double> distances(std::span<const std::vector<float>> embeddings);

// The mean silhouette of patients with their labels as clusters; `distance` is [n, n] and symmetric. Undefined with one
// class only or fewer than three patients. std::invalid_argument for labels other than 0 and 1 or another number of
// distances, Error(cell_failed) for a distance that is not finite.
ResampledMetric resampled_silhouette(std::span<const int> label, std::span<const double> distance);
Estimate silhouette(std::span<const int> label, std::span<const double> distance);
Estimate silhouette(std::span<const int> label, std::span<const double> distance, std::span<const int> multiplicity);

}  // namespace mtlgrid
