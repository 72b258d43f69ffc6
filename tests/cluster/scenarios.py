#!/usr/bin/env python3
"""What can happen to a grid on a Slurm cluster, done to slurm/full_benchmark.sh on the cluster fixture (slurm_cluster.py).

  tests/cluster/scenarios.py [NAME...] [--set short|long] [--record FILE] [--list]

Each scenario ends with every cell done once, bit-equal to an undisturbed run, no process left, and only a culprit
failed. Prints what each fault cost, appends it to FILE as JSON lines, and closes with `N passed, N failed, N skipped`.
Exit status: 0, or 1 if any failed or none ran. Where no cluster can be made, all are skipped by name.
"""
import argparse
import os
import random
import re
import shutil
import signal
import sys
import tempfile
import time
import traceback
from pathlib import Path

from slurm_cluster import Cluster, Unavailable, end_on_signals, until
from slurm_grid import CELLS, LEASE_SECONDS, PATIENCE, SlurmGrid, end_to_end, reference_results, write_record
from store_damage import DAMAGES

SOME = 4  # cells done before a fault: the run is in its middle
SLOW = "--workers 1 --inject *=slow:0.01"  # a grid of a minute: Slurm takes 15 s to miss a node
SCENARIOS = {}  # name: (function, in the short set)


class Skipped(Exception):
    pass


def scenario(short=False):
    def register(function):
        SCENARIOS[function.__name__] = (function, short)
        return function
    return register


class Stage:
    """A scenario's cluster and grid, and what its faults cost."""

    def __init__(self, cluster, name, expected, record):
        self.cluster, self.name, self.expected, self.record = cluster, name, expected, record
        self.grid = None
        self.jobs, self.faults = [], []

    def make_grid(self, **settings):
        self.grid = SlurmGrid(self.cluster, self.name, **settings)
        return self.grid

    def submit(self, **site):
        """A job of the grid, which is made at the first one."""
        if self.grid is None:
            self.make_grid()
        self.jobs.append(self.grid.submit(**site))
        return self.jobs[-1]

    def submit_and_wait(self, some=SOME, running=3, **site):
        """The same, and waits until it is in its middle."""
        job = self.submit(**site)

        def in_its_middle():
            if job.ended():
                raise AssertionError(f"job {job.number} has ended before it was in its middle")
            return self.grid.count_done() >= some and len(self.grid.running()) >= running
        until(in_its_middle, f"{some} cells done and {running} running", PATIENCE)
        return job

    def strike(self, kind, action):
        self.faults.append(self.grid.strike(kind, action))
        return self.faults[-1]

    def check(self, failed=None):
        self.grid.check(self.expected, failed)
        for fault in self.faults:
            costs = self.grid.account(fault)
            print("    " + ", ".join(f"{key} {value}" for key, value in costs.items()), flush=True)
            write_record(self.record, scenario=self.name, **costs)

    def other_node(self, job):
        """A node of the job that is not the one of rank 0."""
        first = job.first_node()
        return next(node for node in self.cluster.nodes if node is not first and self.grid.pids(node, "mtlgrid"))

    def wait_for_nothing_on(self, node, seconds=60):
        """After its network came back, Slurm and the job themselves clear the node."""
        try:
            until(lambda: not node.busy(), "", seconds)
        except AssertionError:
            raise AssertionError(f"left on {node.name}: {node.busy()}") from None

    def one(self, machine, program):
        pids = self.grid.pids(machine, program)
        if len(pids) != 1:
            raise AssertionError(f"{len(pids)} processes {program} on {machine.name}: {machine.busy()}")
        return pids[0]


def kill(pid):
    os.kill(pid, signal.SIGKILL)


# ---- Nothing, and single processes ----

@scenario(short=True)
def undisturbed(stage):
    stage.submit().wait()
    stage.check()


@scenario(short=True)
def trainer_killed(stage):
    job = stage.submit_and_wait()
    node = stage.other_node(job)
    until(lambda: stage.grid.pids(node, "mtlgrid-trainer"), "a trainer")
    stage.strike("SIGKILL of a trainer", lambda: kill(stage.one(node, "mtlgrid-trainer")))
    job.wait()
    stage.check()


@scenario(short=True)
def worker_rank_killed(stage):
    job = stage.submit_and_wait()
    node = stage.other_node(job)
    stage.strike("SIGKILL of a worker rank", lambda: kill(stage.one(node, "mtlgrid")))
    job.wait()
    stage.check()


@scenario(short=True)
def coordinator_killed(stage):
    job = stage.submit_and_wait()
    fault = stage.strike("SIGKILL of rank 0", lambda: kill(stage.one(job.first_node(), "mtlgrid")))
    fault.noticed = job.await_restart(1)
    job.wait()
    stage.check()


@scenario(short=True)
def orted_killed(stage):
    job = stage.submit_and_wait()
    node = stage.other_node(job)
    stage.strike("SIGKILL of an orted", lambda: kill(stage.one(node, "orted")))
    job.wait()
    stage.check()


@scenario()
def mpirun_killed(stage):
    job = stage.submit_and_wait()
    fault = stage.strike("SIGKILL of mpirun", lambda: kill(stage.one(job.first_node(), "mpirun")))
    fault.noticed = job.await_restart(1)
    job.wait()
    stage.check()


# ---- Nodes ----

@scenario()
def slurmd_killed(stage):
    job = stage.submit_and_wait()
    node = stage.other_node(job)
    stage.strike("SIGKILL of a slurmd", lambda: kill(node.named("slurmd")[0]))
    until(lambda: "down" in stage.cluster.node_states()[node.name] or job.ended(), f"{node.name} down")
    job.wait()
    node.start_slurmd()
    stage.check()


@scenario()
def slurmd_of_the_script_killed(stage):
    """Slurm takes the job for lost and queues it again, while its script lives on and holds the store."""
    job = stage.submit_and_wait(nodes=2, running=2, run_args=SLOW)
    node = job.first_node()
    fault = stage.strike("SIGKILL of the batch script's slurmd", lambda: kill(node.named("slurmd")[0]))
    fault.noticed = job.await_restart(1)
    job.wait()
    node.start_slurmd()
    stage.check()


@scenario(short=True)
def node_killed(stage):
    job = stage.submit_and_wait()
    stage.strike("node lost: all its processes", stage.other_node(job).kill)
    job.wait()
    stage.check()


@scenario()
def node_of_the_script_killed(stage):
    """Slurm queues the job again; it goes on with the nodes that are left."""
    job = stage.submit_and_wait(nodes=2, running=2)
    fault = stage.strike("node of rank 0 lost: all its processes", job.first_node().kill)
    fault.noticed = job.await_restart(1)
    job.wait()
    stage.check()


@scenario(short=True)
def node_cut(stage):
    job = stage.submit_and_wait()
    node = stage.other_node(job)
    stage.strike("node's network cut, no FIN", node.cut)
    job.wait()
    node.join()
    stage.wait_for_nothing_on(node)
    stage.check()


@scenario()
def node_cut_and_joined(stage):
    """The network is away for longer than a lease, and comes back before Slurm gives the node up."""
    job = stage.submit_and_wait()
    node = stage.other_node(job)
    stage.strike("network away for a lease and 2 s", node.cut)
    time.sleep(LEASE_SECONDS + 2)
    node.join()
    job.wait()
    stage.check()


@scenario()
def node_of_the_script_cut(stage):
    """Slurm queues the job again elsewhere, while rank 0 lives on, alone, and holds the store."""
    job = stage.submit_and_wait(nodes=2, running=2, run_args=SLOW)
    node = job.first_node()
    fault = stage.strike("network of rank 0's node cut, no FIN", node.cut)
    fault.noticed = job.await_restart(1)
    job.wait()
    node.join()
    stage.wait_for_nothing_on(node)
    stage.check()


@scenario()
def worker_hangs(stage):
    """A rank and its trainer stand still for longer than a lease, and come back."""
    job = stage.submit_and_wait()
    node = stage.other_node(job)
    pids = [stage.one(node, "mtlgrid"), *stage.grid.pids(node, "mtlgrid-trainer")]
    stage.strike("worker stopped (SIGSTOP) for a lease and 3 s", lambda: [os.kill(pid, signal.SIGSTOP) for pid in pids])
    time.sleep(LEASE_SECONDS + 3)
    for pid in pids:
        os.kill(pid, signal.SIGCONT)
    job.wait()
    stage.check()


# ---- What Slurm does to jobs ----

@scenario(short=True)
def walltime_again_and_again(stage):
    job = stage.submit_and_wait(some=2)
    for number in range(1, 4):
        fault = stage.strike("walltime signal (USR1)", lambda: job.signal("USR1"))
        fault.noticed = job.await_restart(number)
        done = stage.grid.count_done()
        until(lambda: job.ended() or stage.grid.count_done() >= min(CELLS, done + 2) and stage.grid.running(),
              "progress after the requeue", 120)
    job.wait()
    stage.check()


@scenario()
def walltime_of_three_minutes(stage):
    """Slurm's own clock, and `--ends`: nothing is started in the last two minutes, and all is checkpointed in the last."""
    job = stage.submit(walltime=3, requeues=20, run_args="--workers 1 --inject *=slow:0.05")
    job.wait(seconds=1200)
    if job.restarts() == 0:
        raise AssertionError("the grid was done before the first walltime")
    print(f"    {job.restarts()} requeues, the first after: "
          f"{'the grid saw the end' if 'the allocation ends in' in job.log() else 'the signal'}", flush=True)
    stage.check()


@scenario(short=True)
def cancelled_and_submitted_again(stage):
    job = stage.submit_and_wait()
    stage.strike("scancel", job.cancel)
    job.await_state("CANCELLED")
    stage.grid.wait_for_nothing_left()
    stage.submit().wait()
    stage.check()


def preempt(stage, job):
    fault = stage.strike("preemption", lambda: stage.cluster.ctl.run(
        "sbatch", "--partition=high", "--exclusive", "--nodes=4", "--time=1", "--output=/dev/null", "--wrap=sleep 2"))
    fault.noticed = job.await_restart(1)
    job.wait()
    stage.check()


@scenario(short=True)
def preempted(stage):
    """Slurm with preempt_send_user_signal: the job has its own signal first."""
    preempt(stage, stage.submit_and_wait())


@scenario()
def preempted_without_its_signal(stage):
    """Slurm's default: TERM to the steps alone, which ends mpirun's daemons and so everything."""
    stage.cluster.configure(user_signal=False)
    try:
        preempt(stage, stage.submit_and_wait())
    finally:
        stage.cluster.configure()


@scenario()
def rehearsed(stage):
    """It kills a trainer and a rank by itself, asks mpirun to stop, and leaves the grid to be run."""
    stage.make_grid()
    job = stage.submit(rehearse=1)
    job.wait()
    for check in ("a trainer killed", "a rank killed", "stop by SIGUSR1", "store after the stop", "store's files", "clock"):
        found = re.search(rf"(?m)^ok +{check}.*$", job.log())
        if not found:
            raise AssertionError(f"not ok: {check}\n{job.log()}")
        print(f"    {re.sub(' +', ' ', found.group())}", flush=True)
    stage.grid.wait_for_nothing_left()
    stage.submit().wait()
    stage.check()


# ---- Storage ----

@scenario()
def disk_full(stage):
    stage.make_grid(disk=True)
    job = stage.submit_and_wait()
    fault = stage.strike("disk full", stage.cluster.fill_disk)
    job.wait(5)
    fault.noticed = time.time()
    if "disk full" not in job.log().lower() and "no space left" not in job.log().lower():
        raise AssertionError(f"the log does not speak of the full disk:\n{job.log()[-3000:]}")
    stage.grid.wait_for_nothing_left()
    stage.cluster.free_disk()
    stage.submit().wait()
    stage.check()


def damage_between_requeues(stage, *damages):
    """`damages`: one before each requeue, names in DAMAGES. The next launch must make the store anew each time, and say so."""
    job = stage.submit_and_wait(some=2)
    for number, what in enumerate(damages, 1):
        job.signal("USR1")
        if not job.hold_after_requeue(number):
            raise AssertionError(f"the job is {job.state()} before the {what}")
        before = len(job.log())
        DAMAGES[what](stage.grid.store, Path(f"{stage.grid.store}.journal"), random.Random(number))
        job.release()
        job.await_log("to do, 4 ranks", number + 1)
        new = job.log()[before:]
        print(f"    {what}: {new.splitlines()[0].split(': ', 1)[-1]}", flush=True)
        if "rebuilt from the journal" not in new:
            raise AssertionError(f"{what} was not said:\n{new}")
        until(lambda: job.ended() or stage.grid.running(), "cells running")
    job.wait()
    stage.check()


@scenario(short=True)
def store_damaged_between_requeues(stage):
    damage_between_requeues(stage, "store deleted", "store cut off", "journal with a torn tail, and no store")


@scenario()
def store_with_other_bytes(stage):
    damage_between_requeues(stage, "store with other bytes")


@scenario(short=True)
def two_jobs_on_one_store(stage):
    """The second is refused and harms nothing."""
    job = stage.submit_and_wait(nodes=2, running=2)
    second = stage.submit(nodes=2)
    second.wait(5)
    if "held by another run" not in second.log():
        raise AssertionError(f"the second job does not say why:\n{second.log()}")
    job.wait()
    stage.check()


# ---- Cells and nodes that fail by themselves (mtlgrid run --inject) ----

CULPRIT = "MSI/ITH/cagrad/1"


def inject(stage, faults, failed, extra="", status=1, **site):
    """A run with these faults built in; `failed`: pattern of the culprit's cause, or None if no cell fails."""
    stage.make_grid(extra=extra)
    job = stage.submit(run_args=f"--workers 1 --inject {faults}", **site)
    job.wait(status)
    stage.check({CULPRIT: failed} if failed else None)
    return job


@scenario(short=True)
def cell_that_always_crashes(stage):
    inject(stage, f"{CULPRIT}=crash", "signal 11|SIGSEGV|Segmentation")


@scenario()
def cell_that_takes_its_rank_down(stage):
    """It may lose two workers; on rank 0's node it takes the coordinator, and the job is requeued."""
    inject(stage, f"{CULPRIT}=end-rank", "lost", extra="retries_lost = 1", requeues=10)


@scenario()
def cell_that_always_fails(stage):
    """Once its cause is mended, --retry-failed."""
    inject(stage, f"{CULPRIT}=fail", "inject")
    stage.submit(run_args="--workers 1 --retry-failed").wait()
    stage.check()


@scenario()
def cell_without_device_memory(stage):
    inject(stage, f"{CULPRIT}=memory", "memory")


@scenario()
def cell_that_hangs(stage):
    inject(stage, f"{CULPRIT}=hang", "sign of life|stall|hang|silent", extra="stall_minutes = 0.1")


@scenario()
def trainer_that_finds_the_disk_full(stage):
    """A person must act: status 5, and nothing failed. Then it goes on."""
    stage.make_grid()
    stage.submit(run_args=f"--workers 1 --inject {CULPRIT}=full").wait(5)
    stage.grid.wait_for_nothing_left()
    stage.submit().wait()
    stage.check()


@scenario(short=True)
def node_that_crashes_every_trainer(stage):
    """It is quarantined; its cells go elsewhere."""
    job = inject(stage, "*@n3=crash", None, status=0)
    if "n3 gets no more cells" not in job.log():
        raise AssertionError(f"no word of a quarantine:\n{job.log()}")


@scenario()
def node_that_fails_every_cell(stage):
    job = inject(stage, "*@n3=fail", None, status=0)
    if "n3 gets no more cells" not in job.log():
        raise AssertionError(f"no word of a quarantine:\n{job.log()}")


# ---- The machine ----

@scenario()
def out_of_memory(stage):
    """The kernel's own out-of-memory killer, in a memory group around one trainer."""
    group = Path(f"/sys/fs/cgroup/memory/mtlgrid-{os.getpid()}")
    try:
        group.mkdir()
    except OSError as error:
        raise Skipped(f"no memory group can be made: {error}")
    try:
        job = stage.submit_and_wait()
        node = stage.other_node(job)
        until(lambda: stage.grid.pids(node, "mtlgrid-trainer"), "a trainer")

        def starve():
            (group / "memory.limit_in_bytes").write_text("4096")
            (group / "cgroup.procs").write_text(str(stage.one(node, "mtlgrid-trainer")))
        stage.strike("trainer out of memory (kernel)", starve)
        job.wait()
    finally:
        until(lambda: not (group / "cgroup.procs").read_text().strip(), "an empty memory group", 60)
        group.rmdir()
    stage.check()


@scenario()
def clocks_jump(stage):
    """Every node's wall clock is off by hours, and jumps again and again."""
    library = next(iter(sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))), None)
    if library is None:
        raise Skipped("libfaketime is not installed")
    stage.make_grid()
    clock = stage.grid.folder / "clock"
    for rank in range(4):
        Path(f"{clock}.{rank}").write_text("+0\n")
    program = stage.grid.folder / "mtlgrid"
    program.write_text(f"""#!/bin/sh
if [ "$1" = run ]; then
  export LD_PRELOAD={library} FAKETIME_TIMESTAMP_FILE={clock}.$OMPI_COMM_WORLD_RANK FAKETIME_NO_CACHE=1 DONT_FAKE_MONOTONIC=1
fi
exec {end_to_end.MTLGRID} "$@"
""")
    program.chmod(0o755)
    job = stage.submit_and_wait(some=2, binary=program)
    for jump in ("+2h", "-3h", "+400d", "-1d"):
        for rank in range(4):
            Path(f"{clock}.{rank}").write_text(jump + "\n" if rank % 2 == 0 else "+0\n")
        time.sleep(3)
    job.wait()
    stage.check()


# ---- The runner ----

def run_one(name, cluster, expected, record):
    """The scenario's outcome and, unless it passed, why."""
    stage = Stage(cluster, name, expected, record)
    try:
        SCENARIOS[name][0](stage)
        return "passed", ""
    except Skipped as why:
        return "skipped", str(why)
    except Exception:  # whatever it was: the others must run
        logs = "".join(f"\n--- log of job {job.number} ({job.state()}) ---\n{job.log()[-6000:]}" for job in stage.jobs)
        return "failed", traceback.format_exc() + logs
    finally:
        if stage.grid is not None:
            stage.grid.end()


def clean_up(cluster):
    """The cluster as new; if it cannot be mended, another one."""
    try:
        cluster.mend()
    except AssertionError as error:
        print(f"    the cluster is made anew: {error}", flush=True)
        cluster.down()
        cluster.up()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--set", choices=("short", "long"), default="long", help="short: what CI runs; default: all")
    parser.add_argument("--record", metavar="FILE")
    parser.add_argument("--folder", help="where the cluster lives and what failed is kept; default: one that is removed")
    parser.add_argument("--list", action="store_true")
    options = parser.parse_args()
    names = options.names or [name for name, (_, short) in SCENARIOS.items() if short or options.set == "long"]
    if unknown := [name for name in names if name not in SCENARIOS]:
        parser.error(f"no such scenario: {', '.join(unknown)}")
    if options.list:
        for name in names:
            print(name)
        return 0
    end_on_signals()
    counts = dict.fromkeys(("passed", "failed", "skipped"), 0)

    def note(name, outcome, seconds, why):
        counts[outcome] += 1
        print(f"{outcome} {name} ({seconds:.0f} s)" + (f": {why}" if why else ""), flush=True)
        write_record(options.record, scenario=name, outcome=outcome, seconds=round(seconds, 1))

    folder = options.folder or tempfile.mkdtemp(prefix="mtlgrid-cluster-", dir="/var/tmp")
    cluster = Cluster(folder, shared=[end_to_end.BUILD])
    try:
        cluster.up()
        expected, _ = reference_results(cluster)
        for name in names:
            began = time.monotonic()
            outcome, why = run_one(name, cluster, expected, options.record)
            note(name, outcome, time.monotonic() - began, why)
            clean_up(cluster)
    except Unavailable as why:
        for name in names:
            note(name, "skipped", 0, str(why))
    finally:
        cluster.down()
        if not options.folder:
            shutil.rmtree(folder, ignore_errors=True)
    print(f"{counts['passed']} passed, {counts['failed']} failed, {counts['skipped']} skipped")
    return 0 if counts["failed"] == 0 and counts["passed"] > 0 else 1


if __name__ == "__main__":
    sys.exit(main())
