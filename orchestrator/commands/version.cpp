#include "orchestrator/commands/version.h"

#include <fmt/format.h>
#include <hdf5.h>
#include <sqlite3.h>
#include <xxhash.h>

#include <boost/version.hpp>

#include "cluster/host.h"
#include "orchestrator/commands/commit.h"

namespace mtlgrid {

std::string version_text() {
  unsigned major = 0, minor = 0, patch = 0;
  const bool known = H5get_libversion(&major, &minor, &patch) >= 0;
  std::string text = fmt::format("mtlgrid {} (commit {})\n", MTLGRID_VERSION, source_commit());
  text += known ? fmt::format("HDF5 {}.{}.{}\n", major, minor, patch) : "HDF5 unknown\n";
  text += fmt::format("SQLite {}\n", sqlite3_libversion());
  text += fmt::format("Boost {}.{}.{}\n", BOOST_VERSION / 100000, BOOST_VERSION / 100 % 1000, BOOST_VERSION % 100);
  const unsigned xxh = XXH_versionNumber();
  text += fmt::format("xxHash {}.{}.{}\n", xxh / 10000, xxh / 100 % 100, xxh % 100);
  return text + fmt::format("NCCL {}\n", nccl_version().value_or("not found"));
}

}  // namespace mtlgrid
