// The CPU time that a container or a batch system lets this process have.
#pragma once

#include <filesystem>
#include <optional>

namespace mtlgrid {

// The smallest quota of this process's control group and those around it, as far as they can be seen from here, in
// CPUs: 2.5 is two and a half CPUs' time. nullopt if there is none. Reads cpu.max of version 2 (`docker run --cpus`,
// Kubernetes, systemd's CPUQuota) and cpu.cfs_quota_us of version 1, where proc/self/cgroup and proc/self/mountinfo
// say. What cannot be read or understood counts as no quota. `root` is where proc and sys are; tests have their own.
std::optional<double> cgroup_quota(const std::filesystem::path& root = "/");

}  // namespace mtlgrid
