// MessagePack and JSON of other processes and files, decoded within limits: none of them can take this process down.
//
// The library's own parsers recurse over MessagePack and keep the last of two fields of one name. Everything that
// another process or a file says goes through here.
#pragma once

#include <cstddef>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "base/errors.h"

namespace mtlgrid {

// What a document may have at most. `depth`: of arrays and objects in each other. `values`: of all kinds together,
// which bounds the memory: a value takes at most 100 bytes and its own text.
struct DecodeLimits {
  std::size_t bytes = std::size_t{1} << 30;
  std::size_t values = std::size_t{1} << 28;
  int depth = 64;
};
// What a trainer or a rank reports: 2 million predictions, ten times what a biobank has.
inline constexpr DecodeLimits kReportLimits = {.values = std::size_t{1} << 24};
// Small files that are read again and again: locks, progress, origins.
inline constexpr DecodeLimits kSmallFileLimits = {.bytes = std::size_t{1} << 26, .values = std::size_t{1} << 22};

// Bytes that are not a document, or are one beyond the limits; what() is one short line without control characters.
class DecodeError : public InputError {
 public:
  explicit DecodeError(const std::string& reason) : InputError(reason) {}
};

// The whole of `bytes` as one document. Two fields of one name in an object, bytes after the end, and MessagePack's
// extension types are errors; NaN and texts that are not UTF-8 are not, in MessagePack. Throws DecodeError.
nlohmann::json decode_msgpack(std::string_view bytes, const DecodeLimits& limits = {});
// The same of JSON text, which holds neither NaN nor invalid UTF-8.
nlohmann::json decode_json(std::string_view text, const DecodeLimits& limits = {});
// nullopt instead of an error, for files whose damage need not be told.
std::optional<nlohmann::json> decode_json_if_valid(std::string_view text, const DecodeLimits& limits = {});

}  // namespace mtlgrid
