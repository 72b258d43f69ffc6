#include "results/records/attempt_log_format.h"

#include <charconv>
#include <cmath>
#include <cstdio>

namespace mtlgrid {
namespace {

constexpr std::string_view kEpoch = "epoch ", kResumed = "going on from ";

std::string start_of(const Cell& cell) { return cell.name() + ": "; }

std::string digits(double value, int significant) {
  char text[32];
  std::snprintf(text, sizeof text, "%.*g", significant, value);
  return text;
}

std::string losses_of(const std::string& task, double train, double validation) {
  return task + ": train " + digits(train, 6) + ", validation " + digits(validation, 6);
}

}  // namespace

std::string log_line(const Cell& cell, std::string_view text) { return start_of(cell).append(text); }

std::string epoch_log_text(const Cell& cell, const EpochRow& row, bool best) {
  std::string text = std::string(kEpoch) + std::to_string(row.epoch) + ": " +
                     losses_of("class " + cell.biomarker, row.train_classification, row.valid_classification);
  if (!std::isnan(row.train_regression) || !std::isnan(row.valid_regression)) {  // `baseline` has no second task
    text += "; " + losses_of("value " + cell.auxiliary, row.train_regression, row.valid_regression);
  }
  return text + "; " + digits(row.seconds, 3) + " s" + (best ? ", best" : "");
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
