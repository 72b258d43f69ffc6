#include "orchestrator/rehearsal/node_facts.h"

#include <sys/resource.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/errors.h"
#include "cluster/gpus.h"
#include "cluster/host.h"
#include "cluster/rank_cpus.h"
#include "datasets/bags/node_bags.h"
#include "orchestrator/rehearsal/rehearsal_checks.h"

namespace mtlgrid {
namespace {

namespace fs = std::filesystem;

fs::path temporary_folder(const RunSettings& run) {
  return run.bag_cache_folder.empty() ? default_bag_folder() : fs::path(run.bag_cache_folder);
}

void look_at_probe(const Rehearse& asked, NodeFacts& facts) {
  try {
    std::ifstream in(asked.probe, std::ios::binary);
    facts.content_seen = std::string(std::istreambuf_iterator<char>(in), {}) == asked.content;
    const nlohmann::json locks = try_locks(asked.probe);
    facts.flock = locks.at("flock");
    facts.fcntl = locks.at("fcntl");
  } catch (const Error& e) {
    facts.probe_error = e.what();
  }
}

}  // namespace

NodeFacts node_facts_here(const Rehearse& asked, const TrainerOptions& options) {
  NodeFacts facts;
  facts.host = host_name();
  facts.cores = rank_cpus().count;
  try {
    const RankDevices devices =
        options.devices ? *options.devices : choose_devices(asked.run, options.count, questions_to_machine());
    facts.devices = devices.text;
    if (!devices.gpus.empty()) facts.mps = mps_state(mps_pipes());
  } catch (const Error& e) {
    facts.devices = e.what();
    facts.device_missing = true;
  }
  struct rlimit limit {};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) facts.open_files = limit.rlim_cur;
  facts.temporary = temporary_folder(asked.run).string();
  try {
    facts.temporary_free = free_bytes(facts.temporary);
  } catch (const Error& e) {
    facts.error = e.what();
  }
  look_at_probe(asked, facts);
  return facts;
}

}  // namespace mtlgrid
