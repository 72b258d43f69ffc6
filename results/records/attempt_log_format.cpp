#include "results/records/attempt_log_format.h"

#include <charconv>
#include <cstdio>

namespace mtlgrid {
namespace {

constexpr std::string_view kEpoch = "epoch ", kResumed = "going on from ";

std::string start_of(const Cell& cell) { return cell.name() + ": "; }

}  // namespace

std::string log_line(const Cell& cell, std::string_view text) { return start_of(cell).append(text); }

std::string epoch_log_text(const EpochRow& row, bool best) {
  char text[256];
  std::snprintf(text, sizeof text, "%d: training %.6g %.6g, validation %.6g %.6g, %.3g s%s", row.epoch,
                row.train_classification, row.train_regression, row.valid_classification, row.valid_regression,
                row.seconds, best ? ", best" : "");
  return std::string(kEpoch) + text;
}

std::string resumed_log_text(const std::string& checkpoint) { return std::string(kResumed) + checkpoint; }

bool is_log_line_of(const Cell& cell, std::string_view line) { return line.starts_with(start_of(cell)); }

LogLine parse_log_line(const Cell& cell, std::string_view line) {
  LogLine parsed;
  if (!is_log_line_of(cell, line)) return parsed;
  const std::string_view text = line.substr(start_of(cell).size());
  if (text.starts_with(kResumed)) parsed.resumed_from = std::string(text.substr(kResumed.size()));
  if (!text.starts_with(kEpoch)) return parsed;
  int epoch = 0;
  const auto [end, error] = std::from_chars(text.data() + kEpoch.size(), text.data() + text.size(), epoch);
  if (error == std::errc()) parsed.epoch = epoch;
  return parsed;
}

}  // namespace mtlgrid
