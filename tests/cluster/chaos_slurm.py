#!/usr/bin/env python3
"""Random faults at random times on a real Slurm (slurm_cluster.py), over a grid of short cells that
slurm/full_benchmark.sh runs.

  tests/cluster/chaos_slurm.py [--runs N] [--seed S] [--record FILE]

Each run has a grid of its own, one to three faults, and must end with every cell done once, bit-equal to an undisturbed
run, and no process left. Faults and their times follow from the seed; what they hit does not quite, for times are real.
Prints counts of runs, faults by kind, lost and doubled rows (must be 0), and the most work that a fault cost.
"""
import argparse
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter, defaultdict
from pathlib import Path

from scenarios import clean_up
from slurm_cluster import Cluster, end_on_signals, until, what_is_missing
from slurm_grid import CHECKPOINT_SECONDS, LEASE_SECONDS, PATIENCE, SlurmGrid, end_to_end, reference_results, write_record
from store_damage import DAMAGES

EPOCHS = 10
METHODS = "naive, cagrad"
SLOW = "--trainers 1 --inject *=slow:0.01"  # seconds a step: cells of a few seconds, however fast the machine
CELLS = 2 * 2 * 3
LAUNCHES = 12  # submissions of one grid, after which it is taken for never ending


class Chaos:
    """One run: a grid, its jobs one after the other, and the faults."""

    def __init__(self, cluster, number, seed):
        self.cluster, self.random = cluster, random.Random(f"{seed}/{number}")
        self.grid = SlurmGrid(cluster, f"chaos-{number}", epochs=EPOCHS, methods=METHODS)
        self.nodes = self.random.choice((2, 3, 4))
        self.faults, self.story, self.jobs = [], [], []
        self.undo = []  # (when, what): repairs that are due

    # ---- What can happen; each takes the job, says what it hit, or None if there was nothing to hit ----

    def process(self, job, program, on_first=None):
        """A process of the grid on one of the job's nodes; `on_first`: only on rank 0's node, or never there."""
        first = job.first_node()
        found = [(node, pid) for node in self.cluster.nodes if node.alive() and on_first in (None, node is first)
                 for pid in self.grid.pids(node, program)]
        return self.random.choice(found) if found else (None, None)

    def kill(self, job, program, **where):
        node, pid = self.process(job, program, **where)
        if pid is None:
            return None
        os.kill(pid, signal.SIGKILL)
        return node.name

    def trainer(self, job):
        return self.kill(job, "mtlgrid-trainer")

    def worker_rank(self, job):
        return self.kill(job, "mtlgrid", on_first=False)

    def rank_0(self, job):
        return self.kill(job, "mtlgrid", on_first=True)

    def orted(self, job):
        return self.kill(job, "orted")

    def mpirun(self, job):
        return self.kill(job, "mpirun")

    def slurmd(self, job):
        node = self.random.choice([node for node in self.cluster.nodes if node.named("slurmd")])
        os.kill(node.named("slurmd")[0], signal.SIGKILL)
        self.later(20, node.start_slurmd)
        return node.name

    def node(self, job):
        node, pid = self.process(job, "mtlgrid")
        if pid is None:
            return None
        node.kill()
        self.later(15, lambda: self.cluster.start_node(node))
        return node.name

    def network(self, job):
        node, pid = self.process(job, "mtlgrid")
        if pid is None:
            return None
        node.cut()
        self.later(self.random.uniform(1, 20), node.join)
        return node.name

    def hang(self, job):
        node, pid = self.process(job, "mtlgrid")
        if pid is None:
            return None
        pids = [pid, *self.grid.pids(node, "mtlgrid-trainer")]
        for stopped in pids:
            os.kill(stopped, signal.SIGSTOP)

        def resume():
            for stopped in pids:
                if stopped in self.grid.processes():
                    os.kill(stopped, signal.SIGCONT)
        self.later(self.random.uniform(1, 2 * LEASE_SECONDS), resume)
        return node.name

    def walltime(self, job):
        job.signal("USR1")
        return "job"

    def scancel(self, job):
        job.cancel()
        return "job"

    def preemption(self, job):
        self.cluster.ctl.run("sbatch", "--partition=high", "--exclusive", "--nodes=4", "--time=1", "--output=/dev/null",
                             "--wrap=sleep 1")
        return "job"

    def second_job(self, job):
        self.jobs.append(self.grid.submit(nodes=1, run_args=SLOW))
        return "job"

    def store(self, job):
        """The store is damaged while no run has it: after a walltime signal, before the next launch."""
        before = job.restarts()
        job.signal("USR1")
        if not job.hold_after_requeue(before + 1):
            return None
        what = self.random.choice(sorted(DAMAGES))
        DAMAGES[what](self.grid.store, Path(f"{self.grid.store}.journal"), self.random)
        job.release()
        return what

    KINDS = (trainer, worker_rank, rank_0, orted, mpirun, slurmd, node, network, hang, walltime, scancel, preemption,
             second_job, store)

    # ---- The run ----

    def later(self, seconds, action):
        self.undo.append((time.monotonic() + seconds, action))

    def repair(self, all_of_it=False):
        due = [entry for entry in self.undo if all_of_it or time.monotonic() >= entry[0]]
        self.undo = [entry for entry in self.undo if entry not in due]
        for _, action in due:
            action()

    def strike(self, job, kind):
        fault = self.grid.strike(kind.__name__, lambda: None) if self.grid.store.exists() else None
        where = kind(self, job)
        if where is None or fault is None:
            return False
        self.story.append(f"{kind.__name__} ({where})")
        self.faults.append(fault)
        return True

    def run(self):
        plan = [self.random.choice(self.KINDS) for _ in range(self.random.randint(1, 3))]
        due = time.monotonic() + 600
        job = None
        while not self.complete():
            if time.monotonic() > due or len(self.jobs) > LAUNCHES:
                raise AssertionError(f"not done after {len(self.jobs)} submissions")
            if job is None or job.ended():
                job = self.grid.submit(nodes=self.nodes, run_args=SLOW)
                self.jobs.append(job)
            if plan:
                until(lambda: job.ended() or self.repair() or self.safely_running(), "cells running", PATIENCE, 0.2)
                time.sleep(self.random.uniform(0, 3))
                if not job.ended():
                    if self.strike(job, plan[-1]):
                        plan.pop()
                    else:
                        plan[-1] = self.random.choice(self.KINDS)
            self.repair()
            time.sleep(0.3)
        self.repair(all_of_it=True)
        for job in self.jobs:
            until(job.ended, f"the end of job {job.number}", PATIENCE, 0.3)

    def safely_running(self):
        try:
            return self.grid.running()
        except Exception:  # the store is not there yet, or being rebuilt
            return {}

    def complete(self):
        return any(job.state() == "COMPLETED" and job.status() == 0 for job in self.jobs)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--first", type=int, default=0, help="number of the first run")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--record", metavar="FILE")
    options = parser.parse_args()
    if reason := what_is_missing():
        print(f"skipped chaos_slurm: {reason}")
        return 77
    end_on_signals()
    folder = tempfile.mkdtemp(prefix="mtlgrid-chaos-", dir="/var/tmp")
    cluster = Cluster(folder, shared=[end_to_end.BUILD])
    kinds, worst, bad, launches = Counter(), defaultdict(float), [], 0
    try:
        cluster.up()
        expected, _ = reference_results(cluster, epochs=EPOCHS, methods=METHODS)
        for number in range(options.first, options.first + options.runs):
            began = time.monotonic()
            chaos = Chaos(cluster, number, options.seed)
            try:
                chaos.run()
                chaos.grid.check(expected, cells=CELLS)
                outcome = "passed"
            except Exception:
                outcome = "failed"
                bad.append(number)
                traceback.print_exc()
                for job in chaos.jobs:
                    print(f"--- job {job.number} ({job.state()}) ---\n{job.log()[-4000:]}")
            launches += len(chaos.jobs) + sum(job.restarts() for job in chaos.jobs)
            print(f"{outcome} run {number} ({time.monotonic() - began:.0f} s, {chaos.nodes} nodes): "
                  f"{', '.join(chaos.story)}", flush=True)
            for fault in chaos.faults:
                kinds[fault.kind] += 1
                if outcome == "passed":
                    costs = chaos.grid.account(fault)
                    worst[fault.kind] = max(worst[fault.kind], costs["lost_seconds"])
                    write_record(options.record, run=number, seed=options.seed, **costs)
            chaos.grid.end()
            clean_up(cluster)
            if outcome == "passed":
                shutil.rmtree(chaos.grid.folder, ignore_errors=True)
    finally:
        cluster.down()
        if not bad:
            shutil.rmtree(folder, ignore_errors=True)
    print(f"{options.runs} runs, {sum(kinds.values())} faults, {launches} launches, {len(bad)} runs with lost or doubled "
          f"rows or other results: {bad}")
    print(f"a cell is checkpointed at least every {CHECKPOINT_SECONDS} s; most training lost to one fault, by kind:")
    for kind, count in sorted(kinds.items()):
        print(f"  {kind:12} {count:3} times, {worst[kind]:.1f} s")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
