#include "tests/fuzz/mutations.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

namespace mtlgrid::fuzz {
namespace {

constexpr std::array<std::uint64_t, 16> kNumbers = {
    0,      1,          2,          0x7f,       0x80,       0xff,       0x7fff,     0x8000,
    0xffff, 0x7fffffff, 0x80000000, 0xffffffff, 0x7ff00000, 0x7ff80000, 1ULL << 62, ~std::uint64_t{0}};
// Texts that mean something to a parser of texts.
constexpr std::array<std::string_view, 24> kTexts = {"\"",
                                                     "'",
                                                     ",",
                                                     ";",
                                                     "\t",
                                                     "\n",
                                                     "\r\n",
                                                     "#",
                                                     "=",
                                                     "/",
                                                     "../",
                                                     "[",
                                                     "]",
                                                     "{",
                                                     "}",
                                                     "-1",
                                                     "nan",
                                                     "1e999",
                                                     "99999999999999999999",
                                                     "\xff",
                                                     "\xef\xbb\xbf",
                                                     "\xe2\x80\xae",
                                                     "null",
                                                     "\x1b[2J"};

}  // namespace

std::string Mutator::mutate(const std::vector<std::string>& inputs) {
  std::string input = inputs[below(inputs.size())];
  for (std::size_t changes = 1 + below(8); changes > 0; --changes) change(input, inputs);
  if (input.size() > kLongestInput) input.resize(kLongestInput);
  return input;
}

void Mutator::change(std::string& input, const std::vector<std::string>& inputs) {
  if (input.empty() || below(3) == 0) {
    change_parts(input, inputs);
  } else {
    change_bytes(input);
  }
}

void Mutator::change_bytes(std::string& input) {
  const std::size_t at = below(input.size());
  switch (below(5)) {
    case 0:
      input[at] = static_cast<char>(input[at] ^ (1 << below(8)));
      break;
    case 1:
      input[at] = static_cast<char>(below(256));
      break;
    case 2:
      input[at] = static_cast<char>(input[at] + static_cast<char>(below(33)) - 16);
      break;
    default: {
      std::uint64_t number = kNumbers[below(kNumbers.size())];
      if (below(2) == 0) number = __builtin_bswap64(number);
      const std::size_t width = std::min(std::size_t{1} << below(4), input.size() - at);
      // The bytes that count are the first of a number and the last of one that is turned round.
      std::array<char, 8> bytes{};
      std::memcpy(bytes.data(), &number, sizeof number);
      const std::size_t from = number >> 32 != 0 ? bytes.size() - width : 0;
      std::memcpy(input.data() + at, bytes.data() + from, width);
    }
  }
}

void Mutator::change_parts(std::string& input, const std::vector<std::string>& inputs) {
  const std::size_t at = below(input.size() + 1);
  switch (below(5)) {
    case 0:
      input.erase(at, 1 + below(below(4) == 0 ? input.size() + 1 : 8));
      break;
    case 1:
      input.insert(at, kTexts[below(kTexts.size())]);
      break;
    case 2: {
      const std::string& other = inputs[below(inputs.size())];
      const std::size_t from = below(other.size() + 1);
      input.insert(at, other.substr(from, 1 + below(64)));
      break;
    }
    case 3: {
      const std::string& other = inputs[below(inputs.size())];
      input = input.substr(0, at) + other.substr(below(other.size() + 1));
      break;
    }
    default: {
      const std::string part = input.substr(at, 1 + below(32));
      for (std::size_t copies = 1 + below(below(8) == 0 ? 256 : 4); copies > 0; --copies) input.insert(at, part);
    }
  }
}

}  // namespace mtlgrid::fuzz
