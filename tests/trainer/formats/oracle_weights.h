// What tests/oracle/weights.py wrote, read back.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>

#include "tests/oracle/oracle.h"
#include "tests/trainer/contract/tiny_experiment.h"
#include "trainer/contract/parameters.h"

namespace mtlgrid::testing {

class OracleWeights {
 public:
  OracleWeights() {
    model = index["model"].get<ModelSettings>();
    width = index["width"];
    layout = make_layout(model, width, index["label"], index["auxiliary"]);
    small_layout = make_layout(index["small_model"], index["small_width"], index["label"], index["auxiliary"]);
  }
  std::filesystem::path state_dict() const { return MTLGRID_ORACLE "/pytorch_state_dict.pt"; }
  // Bytes of one of the small files.
  std::string file(const std::string& name) const {
    static const std::string kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    unsigned bits = 0;
    int held = 0;
    for (const char c : index["files"].at(name).get<std::string>()) {
      if (c == '=') break;
      bits = bits << 6 | static_cast<unsigned>(kDigits.find(c));
      held += 6;
      if (held < 8) continue;
      held -= 8;
      out += static_cast<char>(bits >> held & 0xff);
    }
    return out;
  }

  const nlohmann::json& index = oracle_file("weights.json");
  ModelSettings model;
  std::int64_t width = 0;
  ParameterLayout layout, small_layout;  // of the file pytorch_state_dict.pt, and of the small files
};

}  // namespace mtlgrid::testing
