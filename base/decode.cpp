#include "base/decode.h"

#include <fmt/format.h>

#include <cstdint>
#include <utility>
#include <vector>

#include "base/text.h"

namespace mtlgrid {
namespace {

using nlohmann::json;

// Takes the parser's events and makes the document; the first event that it refuses ends the parser, whose recursion
// is never deeper than the limit.
class Builder final : public nlohmann::json_sax<json> {
 public:
  Builder(const DecodeLimits& limits, std::size_t bytes) : limits_(limits), bytes_(bytes) {}

  bool null() override { return put(nullptr); }
  bool boolean(bool value) override { return put(value); }
  bool number_integer(number_integer_t value) override { return put(value); }
  bool number_unsigned(number_unsigned_t value) override { return put(value); }
  bool number_float(number_float_t value, const string_t&) override { return put(value); }
  bool string(string_t& value) override { return put(std::move(value)); }
  bool binary(binary_t& value) override {
    if (value.has_subtype()) return refuse("an extension type of MessagePack");
    return put(std::move(value));
  }
  bool start_object(std::size_t size) override { return open(json::object(), size, 2); }
  bool start_array(std::size_t size) override { return open(json::array(), size, 1); }
  bool key(string_t& name) override {
    auto& object = open_.back()->get_ref<json::object_t&>();
    const auto [at, added] = object.emplace(std::move(name), nullptr);
    if (!added) return refuse(fmt::format("two fields '{}' in one object", printable(at->first.substr(0, kShown))));
    field_ = &at->second;
    return true;
  }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool parse_error(std::size_t position, const std::string&, const json::exception& e) override {
    // The library's text repeats what it read, however long that is; 406: a number beyond double.
    if (why_.empty()) why_ = fmt::format("{} at byte {}", e.id == 406 ? "a number too large" : "malformed", position);
    return false;
  }

  const std::string& why() const { return why_; }
  json take() { return std::move(root_); }

 private:
  static constexpr std::size_t kShown = 64;  // characters of a name

  bool refuse(std::string why) {
    why_ = std::move(why);
    return false;
  }

  // The place of the next value; nullptr if there are too many.
  json* place() {
    if (++values_ > limits_.values) {
      refuse(fmt::format("more than {} values", limits_.values));
      return nullptr;
    }
    if (open_.empty()) return &root_;
    if (open_.back()->is_object()) return field_;
    return &open_.back()->get_ref<json::array_t&>().emplace_back();
  }

  template <typename Value>
  bool put(Value&& value) {
    json* at = place();
    if (at != nullptr) *at = std::forward<Value>(value);
    return at != nullptr;
  }

  // `least`: bytes that an element takes in MessagePack.
  bool open(json&& container, std::size_t size, std::size_t least) {
    if (open_.size() >= static_cast<std::size_t>(limits_.depth)) {
      return refuse(fmt::format("arrays and objects nested deeper than {}", limits_.depth));
    }
    if (size != static_cast<std::size_t>(-1) && size > bytes_ / least) {
      return refuse(fmt::format("an array or object of {} elements in {} bytes", size, bytes_));
    }
    json* at = place();
    if (at == nullptr) return false;
    *at = std::move(container);
    // An array that grows moves its elements, but none of those that are open: they are its last.
    open_.push_back(at);
    return true;
  }

  bool close() {
    open_.pop_back();
    return true;
  }

  const DecodeLimits& limits_;
  std::size_t bytes_, values_ = 0;
  json root_;
  std::vector<json*> open_;
  json* field_ = nullptr;
  std::string why_;
};

json decode(std::string_view bytes, const DecodeLimits& limits, json::input_format_t format) {
  if (bytes.size() > limits.bytes) {
    throw DecodeError(fmt::format("{} bytes, at most {} are read", bytes.size(), limits.bytes));
  }
  Builder builder(limits, bytes.size());
  if (!json::sax_parse(bytes.begin(), bytes.end(), &builder, format)) throw DecodeError(builder.why());
  return builder.take();
}

}  // namespace

json decode_msgpack(std::string_view bytes, const DecodeLimits& limits) {
  return decode(bytes, limits, json::input_format_t::msgpack);
}

json decode_json(std::string_view text, const DecodeLimits& limits) {
  return decode(text, limits, json::input_format_t::json);
}

std::optional<json> decode_json_if_valid(std::string_view text, const DecodeLimits& limits) {
  try {
    return decode_json(text, limits);
  } catch (const DecodeError&) {
    return std::nullopt;
  }
}

}  // namespace mtlgrid
