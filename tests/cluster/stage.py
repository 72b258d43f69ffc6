"""The stage of a scenario (scenarios.py): its cluster, its grid, what its faults cost, and the list of all scenarios."""
import os
import signal

from slurm_cluster import until
from slurm_grid import PATIENCE, SlurmGrid, write_record

SOME = 4  # cells done before a fault: the run is in its middle
SLOW = "--trainers 1 --inject *=slow:0.01"  # a grid of a minute: Slurm takes 15 s to miss a node
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
