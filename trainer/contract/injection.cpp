#include "trainer/contract/injection.h"

#include <algorithm>
#include <array>
#include <sstream>

#include "base/errors.h"

namespace mtlgrid {
namespace {

constexpr std::array<const char*, 7> kWhats{"crash", "end-rank", "fail", "full", "memory", "hang", "slow"};

Injection parse_one(const std::string& order) {
  const auto wrong = [&] {
    return InputError("--inject: '" + order +
                      "', expected WHERE=WHAT[:NUMBER] with WHERE a cell's name or *, optionally @HOST, and WHAT one "
                      "of crash, end-rank, fail, full, memory, hang, slow");
  };
  const auto equals = order.find('=');
  if (equals == std::string::npos || equals == 0) throw wrong();
  const std::string where = order.substr(0, equals);
  std::string what = order.substr(equals + 1);
  Injection injection;
  injection.cell = where.substr(0, where.find('@'));
  if (where.find('@') != std::string::npos) injection.host = where.substr(where.find('@') + 1);
  if (const auto colon = what.find(':'); colon != std::string::npos) {
    std::istringstream number(what.substr(colon + 1));
    if (!(number >> injection.number) || !number.eof() || !(injection.number > 0)) throw wrong();
    what = what.substr(0, colon);
  }
  injection.what = what;
  if (injection.cell.empty() || std::find(kWhats.begin(), kWhats.end(), what) == kWhats.end()) throw wrong();
  return injection;
}

}  // namespace

std::vector<Injection> parse_injections(const std::string& orders) {
  std::vector<Injection> injections;
  Problems problems;
  std::istringstream text(orders);
  for (std::string order; std::getline(text, order, ',');) {
    problems.collect([&] { injections.push_back(parse_one(order)); });
  }
  problems.throw_if_any();
  return injections;
}

}  // namespace mtlgrid
