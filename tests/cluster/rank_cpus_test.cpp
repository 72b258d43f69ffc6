// Limits of the machine, on made-up machines: environments as maps, proc and sys as folders.
#include "cluster/rank_cpus.h"

#include <gmock/gmock.h>
#include <stdlib.h>

#include <fstream>
#include <map>
#include <numeric>

#include "cluster/cgroup_quota.h"
#include "cluster/slurm_list.h"

namespace mtlgrid {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// A machine of 64 CPUs.
class Machine : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "mtlgrid-machine-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    root_ = name;
  }
  void TearDown() override { fs::remove_all(root_); }

  void file(const std::string& name, const std::string& content) const {
    fs::create_directories((root_ / name).parent_path());
    std::ofstream(root_ / name) << content;
  }
  // Control groups of version 2 as seen by a process in `group`; the mount point shows `mounted`.
  void version_2(const std::string& group, const std::string& mounted = "/") const {
    file("proc/self/mountinfo", "22 1 0:20 / /proc rw - proc proc rw\n29 22 0:26 " + mounted +
                                    " /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n");
    file("proc/self/cgroup", "0::" + group + "\n");
  }
  void version_1(const std::string& group, const std::string& mounted) const {
    file("proc/self/mountinfo", "31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n32 31 0:29 " + mounted +
                                    " /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n33 31 0:30 " +
                                    mounted + " /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n");
    file("proc/self/cgroup", "5:cpuset:/\n4:cpu,cpuacct:" + group + "\n0::/\n");
  }

  RankCpus cpus(const std::map<std::string, std::string>& environment, LocalRank local = {}) const {
    CpuQuestions questions;
    questions.affinity.resize(64);
    std::iota(questions.affinity.begin(), questions.affinity.end(), 0);
    questions.local = local;
    questions.root = root_;
    questions.variable = [&](const char* name) {
      const auto found = environment.find(name);
      return found == environment.end() ? std::nullopt : std::optional<std::string>(found->second);
    };
    return rank_cpus(questions);
  }
  fs::path root_;
};

using RankCpusOf = Machine;
using CgroupQuota = Machine;

TEST_F(RankCpusOf, AFreeMachineAreItsShareOfTheAffinity) {
  EXPECT_EQ(cpus({}).count, 64);
  EXPECT_EQ(cpus({}).bind.size(), 64);
  EXPECT_EQ(cpus({}).reason, "64 CPUs of this node");
  EXPECT_EQ(cpus({}, {3, 4}).bind.front(), 48);
  EXPECT_EQ(cpus({}, {3, 4}).reason, "64 CPUs of this node for 4 ranks");
}

TEST_F(RankCpusOf, ATaskThatSlurmDoesNotBindAreThoseOfTheTask) {
  const RankCpus found = cpus({{"SLURM_CPUS_PER_TASK", "1"}, {"SLURM_CPUS_ON_NODE", "1"}});
  EXPECT_EQ(found.count, 1);
  EXPECT_THAT(found.bind, IsEmpty()) << "which CPU is the task's, nobody says: another job may be bound to the first";
  EXPECT_EQ(found.reason, "1 of this node's 64 CPUs: SLURM_CPUS_PER_TASK = 1 for 1 task");
}

TEST_F(RankCpusOf, OneProcessHasAllTasksOfItsNode) {
  EXPECT_EQ(cpus({{"SLURM_CPUS_PER_TASK", "2"}, {"SLURM_TASKS_PER_NODE", "4(x2),1"}, {"SLURM_NODEID", "0"}}).count, 8);
  EXPECT_EQ(cpus({{"SLURM_CPUS_PER_TASK", "2"}, {"SLURM_TASKS_PER_NODE", "4(x2),1"}, {"SLURM_NODEID", "2"}}).count, 2);
}

TEST_F(RankCpusOf, RanksDivideWhatTheJobHasOnTheNode) {
  // As mpirun's daemon on another node sees it: its own step has one task there.
  const std::map<std::string, std::string> daemon{{"SLURM_CPUS_PER_TASK", "4"}, {"SLURM_TASKS_PER_NODE", "1(x2)"},
                                                  {"SLURM_NODEID", "1"},        {"SLURM_JOB_CPUS_PER_NODE", "16(x3)"},
                                                  {"SLURM_CPUS_ON_NODE", "1"},  {"OMPI_COMM_WORLD_LOCAL_RANK", "0"}};
  for (int rank = 0; rank < 4; ++rank) EXPECT_EQ(cpus(daemon, {rank, 4}).count, 4);
  // More ranks than tasks were asked for: a task of 16 CPUs, and mpirun -n 4.
  EXPECT_EQ(cpus({{"SLURM_CPUS_PER_TASK", "16"}, {"SLURM_JOB_CPUS_PER_NODE", "16"}}, {1, 4}).count, 4);
  EXPECT_EQ(cpus({{"SLURM_CPUS_PER_TASK", "1"}, {"SLURM_JOB_CPUS_PER_NODE", "2"}}, {1, 4}).count, 1) << "at least one";
}

TEST_F(RankCpusOf, AJobWithoutCpusPerTaskAreTheJobs) {
  const RankCpus found = cpus({{"SLURM_JOB_CPUS_PER_NODE", "3(x2),8"}, {"SLURM_NODEID", "2"}});
  EXPECT_EQ(found.count, 8);
  EXPECT_EQ(found.reason, "8 of this node's 64 CPUs: SLURM_JOB_CPUS_PER_NODE = 8");
  EXPECT_EQ(cpus({{"SLURM_CPUS_ON_NODE", "5"}}).count, 5);
}

TEST_F(RankCpusOf, WhatAllowsMoreOrIsNonsenseDoesNotCount) {
  EXPECT_EQ(cpus({{"SLURM_CPUS_PER_TASK", "64"}, {"SLURM_CPUS_ON_NODE", "128"}}).bind.size(), 64);
  for (const char* text : {"", "0", "-1", "x", "4x", "99999999999"}) {
    EXPECT_EQ(cpus({{"SLURM_CPUS_PER_TASK", text}, {"SLURM_CPUS_ON_NODE", text}}).count, 64) << text;
  }
  EXPECT_EQ(cpus({{"SLURM_CPUS_PER_TASK", "2147483647"}}, {0, 64}).count, 1) << "64 CPUs between 64 ranks";
}

TEST_F(RankCpusOf, AContainerAreThoseOfItsQuota) {
  version_2("/");
  file("sys/fs/cgroup/cpu.max", "250000 100000\n");
  EXPECT_EQ(cpus({}).count, 2);
  EXPECT_EQ(cpus({}).reason, "2 of this node's 64 CPUs: the control group's quota of 2.5 CPUs");
  EXPECT_EQ(cpus({{"SLURM_CPUS_PER_TASK", "1"}}).count, 1) << "the smallest limit counts";
  file("sys/fs/cgroup/cpu.max", "50000 100000\n");
  EXPECT_EQ(cpus({}).count, 1);
}

TEST_F(CgroupQuota, IsTheSmallestOfAllGroupsAround) {
  version_2("/kubepods/pod1/main");
  file("sys/fs/cgroup/kubepods/cpu.max", "6400000 100000\n");
  file("sys/fs/cgroup/kubepods/pod1/cpu.max", "300000 100000\n");
  file("sys/fs/cgroup/kubepods/pod1/main/cpu.max", "max 100000\n");
  file("sys/fs/cgroup/kubepods/pod2/cpu.max", "100000 100000\n");
  EXPECT_DOUBLE_EQ(*cgroup_quota(root_), 3);
}

TEST_F(CgroupQuota, OfAContainerThatSeesItsGroupFromOutside) {
  version_2("/docker/abc/inner", "/docker/abc");
  file("sys/fs/cgroup/cpu.max", "200000 100000\n");
  file("sys/fs/cgroup/inner/cpu.max", "max 100000\n");
  EXPECT_DOUBLE_EQ(*cgroup_quota(root_), 2);
  version_2("/../other/abc", "/");  // as after a move between name spaces
  EXPECT_DOUBLE_EQ(*cgroup_quota(root_), 2);
}

TEST_F(CgroupQuota, OfVersion1) {
  version_1("/docker/abc", "/docker/abc");
  file("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "150000\n");
  file("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n");
  EXPECT_DOUBLE_EQ(*cgroup_quota(root_), 1.5);
  file("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "-1\n");
  EXPECT_FALSE(cgroup_quota(root_));
}

TEST_F(CgroupQuota, IsNoneWhereNothingCanBeReadOrUnderstood) {
  EXPECT_FALSE(cgroup_quota(root_));
  version_2("/");
  EXPECT_FALSE(cgroup_quota(root_));
  for (const char* text : {"", "max", "x y", "100000", "0 0", "-1 100000"}) {
    file("sys/fs/cgroup/cpu.max", text);
    EXPECT_FALSE(cgroup_quota(root_)) << text;
  }
}

TEST(SlurmList, EntriesByNodeAndTheLargest) {
  EXPECT_EQ(slurm_entry("2(x3),1", 2), 2);
  EXPECT_EQ(slurm_entry("2(x3),1", 3), 1);
  EXPECT_EQ(slurm_entry("2(x3),1", 4), std::nullopt);
  EXPECT_EQ(largest_slurm_entry("2(x3),11"), 11);
  for (const char* list : {"", "x", "4(x", "4(x2", "4(xa)", "(x2)"}) {
    EXPECT_EQ(largest_slurm_entry(list), std::nullopt) << list;
  }
}

}  // namespace
}  // namespace mtlgrid
