#include "trainer/contract/envelope.h"

#include <algorithm>
#include <cmath>

namespace mtlgrid {

bool has_type(const nlohmann::json& message) {
  if (!message.is_object()) return false;
  const auto type = message.find("type");
  return type != message.end() && type->is_string();
}

bool same_fields(const nlohmann::json& received, const nlohmann::json& decoded) {
  if (decoded.is_object()) {
    if (!received.is_object()) return false;
    for (const auto& [name, value] : decoded.get_ref<const nlohmann::json::object_t&>()) {
      const auto field = received.find(name);
      if (field != received.end() && !same_fields(*field, value)) return false;
    }
    return true;
  }
  if (decoded.is_array()) {
    return received.is_array() && std::equal(received.begin(), received.end(), decoded.begin(), decoded.end(),
                                             [](const auto& r, const auto& d) { return same_fields(r, d); });
  }
  if (decoded.is_number_float() && received.is_number_float()) {
    const auto d = decoded.get<double>(), r = received.get<double>();
    return d == r || (std::isnan(d) && std::isnan(r));
  }
  // The library compares the two as signed numbers.
  const bool wrapped = received.is_number_unsigned() && decoded.is_number_integer() && decoded < 0;
  return !wrapped && received == decoded;
}

}  // namespace mtlgrid
