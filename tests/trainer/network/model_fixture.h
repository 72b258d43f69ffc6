// What tests/oracle/model.py wrote, read back.
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "tests/oracle/oracle.h"
#include "trainer/contract/parameters.h"

namespace mtlgrid::testing {

class ModelFixture {
 public:
  ModelFixture() {
    std::ifstream binary(MTLGRID_ORACLE "/model.f64", std::ios::binary);
    const std::string bytes((std::istreambuf_iterator<char>(binary)), {});
    numbers_.resize(bytes.size() / sizeof(double));
    std::copy_n(bytes.data(), numbers_.size() * sizeof(double), reinterpret_cast<char*>(numbers_.data()));
    model = index["model"].get<ModelSettings>();
    width = index["width"];
    layout = make_layout(model, width, "cls", "reg");
    parameters = flat();
  }
  // The next numbers of the file.
  std::span<const double> take(std::size_t n) {
    if (at_ + n > numbers_.size()) throw std::out_of_range("fixture is too short");
    at_ += n;
    return std::span(numbers_).subspan(at_ - n, n);
  }
  // One value a parameter, from the file's order (PyTorch's) into the order of the layout.
  std::vector<double> flat() {
    std::vector<double> row(static_cast<std::size_t>(layout.total));
    for (const auto& p : index["parameters"]) {
      const ParameterSpec& spec = find(p["name"]);
      const auto values = take(static_cast<std::size_t>(spec.size));
      std::copy(values.begin(), values.end(), row.begin() + spec.offset);
    }
    return row;
  }
  const ParameterSpec& find(const std::string& name) const {
    for (const ParameterSpec& p : layout.parameters) {
      if (p.name == name) return p;
    }
    throw std::out_of_range("no parameter " + name);
  }

  const nlohmann::json& index = oracle_file("model.json");
  ModelSettings model;
  std::int64_t width = 0;
  ParameterLayout layout;
  std::vector<double> parameters;

 private:
  std::vector<double> numbers_;
  std::size_t at_ = 0;
};

}  // namespace mtlgrid::testing
