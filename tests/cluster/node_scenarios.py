"""Scenarios of single processes and whole nodes that die, hang or are cut off."""
import os
import signal
import time

from slurm_cluster import until
from slurm_grid import LEASE_SECONDS
from stage import SLOW, kill, scenario

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
    """Slurm queues the job again; it continues with the remaining nodes."""
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
