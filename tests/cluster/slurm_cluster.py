"""A real Slurm cluster of several machines on one: munge, slurmctld and N slurmd, each machine in namespaces of its own.

A machine is a process (slurm_node.sh) in its own network, process, mount, host name and IPC namespaces, and everything
that was started in them. So the nodes look to Slurm, Open MPI and mtlgrid as machines that share nothing but the file
system; killing a machine's first process ends all of it at once; and nothing is left of a cluster whose machines have
ended. `ctl`, where slurmctld and munged run, has the bridge that joins the others' links, and is where jobs are
submitted from.

Needs root, the right to make namespaces, and the packages of cmake/install_cluster.sh.
"""
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
CHECKOUT = HERE.parents[1]
COMMANDS = ("ip", "unshare", "nsenter", "mount", "hostname", "munged", "slurmctld", "slurmd", "sbatch", "srun", "mpirun",
            "taskset")
NAMESPACES = ("--net", "--mount", "--uts", "--ipc", "--pid")
NETWORK = "10.99.0"
GRACE_SECONDS = 20  # between the signal of a preemption and its end
START_SECONDS = 60  # in which a machine or daemon must be there
IDLE_PROGRAMS = {"slurm_node.sh", "slurmd", "slurmctld", "munged"}  # what runs where no job does
IDLE_SLEEP = ["sleep", "86400"]  # slurm_node.sh's

# Times are short, so that a lost node is a matter of seconds. cred_expire is also how long a requeued job must wait.
# Partitions: a job in `high` takes the nodes of one in `low`, which is requeued GraceTime later; until then it has its
# own --signal (preempt_send_user_signal), or else TERM in its steps but not in its script.
CONFIGURATION = """
ClusterName=mtlgrid
SlurmctldHost=ctl({network}.254)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket,cred_expire=5
CredType=cred/munge
StateSaveLocation={folder}/spool/ctl
SlurmdSpoolDir={folder}/spool/%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
SlurmctldLogFile={folder}/log/slurmctld.log
SlurmdLogFile={folder}/log/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SlurmdParameters=config_overrides
MpiDefault=pmix
ReturnToService=2
SlurmdTimeout=10
SlurmctldTimeout=10
MessageTimeout=5
KillWait=5
BatchStartTimeout=20
UnkillableStepTimeout=30
CompleteWait=0
MinJobAge=86400
SchedulerParameters=sched_interval=1,bf_interval=1,batch_sched_delay=1
JobRequeue=1
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
{preempt}
NodeName={nodes} CPUs=2 RealMemory=4000 State=UNKNOWN
PartitionName=low Nodes={nodes} Default=YES MaxTime=INFINITE State=UP PriorityTier=1 PreemptMode=REQUEUE GraceTime={grace}
PartitionName=high Nodes={nodes} MaxTime=INFINITE State=UP PriorityTier=10 PreemptMode=OFF
"""


class Unavailable(Exception):
    """This machine cannot hold a cluster; the text says what is missing."""


def what_is_missing():
    """Why no cluster can be made here; empty if one can."""
    if os.geteuid() != 0:
        return "not root"
    absent = [name for name in COMMANDS if shutil.which(name) is None]
    if absent:
        return f"commands not found: {', '.join(absent)} (cmake/install_cluster.sh installs them)"
    probe = subprocess.run(
        ["unshare", *NAMESPACES, "--fork", "--mount-proc", "sh", "-c",
         "ip link add hub type bridge && ip link add end0 type veth peer name end1 && mount -t tmpfs tmpfs /dev/shm && hostname x"],
        capture_output=True, text=True)
    if probe.returncode != 0:
        return f"no namespaces: {' '.join((probe.stderr or probe.stdout).split()) or probe.returncode}"
    return ""


def until(condition, what, seconds=START_SECONDS, pause=0.05):
    """Polls until `condition` holds and returns what it gave; fails if it has not within `seconds`."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds} s in vain for {what}")
        time.sleep(pause)
    return found


def end_on_signals():
    """Lets a program that is asked to end take its cluster down first."""
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: sys.exit(1))


def start_of(pid):
    """When the process began, in clock ticks since boot: tells it from a later one of the same id. None: no such process."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else int(fields[19])


def program_of(pid):
    """Name of the process's program, a script's rather than its interpreter's; its whole command line in words."""
    words = [word.decode(errors="replace") for word in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0") if word]
    names = [Path(word.split(": ")[0]).name for word in words[:2]]
    if len(names) == 2 and names[0] in ("sh", "bash", "dash", "python3"):
        return names[1], words
    return (names[0] if names else ""), words


class Machine:
    """A machine of the cluster: ctl, n1, n2, ..."""

    def __init__(self, cluster, name, pid=None, start=None):
        self.cluster, self.name, self.pid, self.start = cluster, name, pid, start

    @property
    def address(self):
        return f"{NETWORK}.{254 if self.name == 'ctl' else int(self.name[1:])}"

    def alive(self):
        return self.pid is not None and start_of(self.pid) == self.start

    def boot(self):
        """Starts the machine, its link, and nothing else."""
        ready = self.cluster.folder / f"ready-{self.name}"
        ready.unlink(missing_ok=True)
        # Out of ctl's mounts, so that all machines have the small disk.
        inside = ["nsenter", "--target", str(self.cluster.ctl.pid), "--mount"] if self.name != "ctl" else []
        with open(self.cluster.folder / "log" / f"{self.name}.log", "a") as log:
            parent = subprocess.Popen(
                [*inside, "unshare", *NAMESPACES, "--fork", "--mount-proc", str(HERE / "slurm_node.sh"), self.name,
                 str(self.cluster.folder), *self.cluster.shared], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True)
        def first_process():
            if parent.poll() is not None:
                raise AssertionError(f"{self.name} did not start: see {log.name}")
            return ready.exists() and Path(f"/proc/{parent.pid}/task/{parent.pid}/children").read_text().split()
        self.pid = int(until(first_process, f"machine {self.name}")[0])
        self.start = start_of(self.pid)
        self.cluster.parents.append(parent)
        if self.name == "ctl":
            self.run("ip", "link", "add", "hub", "type", "bridge")
            self.run("ip", "addr", "add", f"{self.address}/24", "dev", "hub")
            self.run("ip", "link", "set", "hub", "up")
        else:
            ctl = self.cluster.ctl
            ctl.run("ip", "link", "del", self.name, check=False)  # left by this machine's earlier life
            ctl.run("ip", "link", "add", self.name, "type", "veth", "peer", "name", f"{self.name}-peer")
            # By the outer process id: ctl's own /proc does not show other machines' processes.
            subprocess.run(["nsenter", "--target", str(ctl.pid), "--net", "ip", "link", "set", f"{self.name}-peer", "netns",
                            str(self.pid)], check=True)
            ctl.run("ip", "link", "set", self.name, "master", "hub", "up")
            self.run("ip", "link", "set", f"{self.name}-peer", "name", "eth0")
            self.run("ip", "addr", "add", f"{self.address}/24", "dev", "eth0")
            self.run("ip", "link", "set", "eth0", "up")

    def start_slurmd(self):
        """Each node's jobs have one core, another one than its neighbours' as far as there are enough."""
        cores = sorted(os.sched_getaffinity(0))
        core = cores[int(self.name[1:]) % len(cores)]
        self.run("taskset", "--cpu-list", core, "slurmd", "-N", self.name)

    def command(self, *words, folder="/"):
        """What runs `words` on this machine, in `folder`."""
        return ["nsenter", "--target", str(self.pid), *NAMESPACES, "env", f"--chdir={folder}",
                f"SLURM_CONF={self.cluster.folder}/slurm.conf", *map(str, words)]

    def run(self, *words, check=True, **keywords):
        """Runs a command on the machine to its end; returns it with its output."""
        done = subprocess.run(self.command(*words), capture_output=True, text=True, cwd="/", **keywords)
        if check and done.returncode != 0:
            raise AssertionError(f"{self.name}: {' '.join(map(str, words))} gave {done.returncode}: {done.stdout}{done.stderr}")
        return done

    def processes(self):
        """{pid: (program, words)} of everything that lives on the machine, pids as seen from outside."""
        found = {}
        if not self.alive():
            return found
        mine = os.readlink(f"/proc/{self.pid}/ns/pid")
        for folder in Path("/proc").iterdir():
            if folder.name.isdigit():
                try:
                    if os.readlink(folder / "ns/pid") == mine and start_of(folder.name) is not None:
                        found[int(folder.name)] = program_of(folder.name)
                except OSError:
                    continue
        return found

    def busy(self):
        """Those of its processes that belong to a job."""
        return {pid: words for pid, (program, words) in self.processes().items()
                if program not in IDLE_PROGRAMS and words != IDLE_SLEEP}

    def named(self, name):
        """Pids of its processes whose program is `name`, ascending."""
        return sorted(pid for pid, (program, _) in self.processes().items() if program == name)

    def cut(self):
        """Takes its network away: nothing arrives or leaves any more, and nobody is told."""
        self.cluster.ctl.run("ip", "link", "set", self.name, "down")

    def join(self):
        self.cluster.ctl.run("ip", "link", "set", self.name, "up")

    def kill(self):
        """Power off: ends every process of the machine at once. The kernel still closes their connections."""
        if self.alive():
            os.kill(self.pid, signal.SIGKILL)
        self.cluster.reap()
        until(lambda: not self.alive(), f"the end of {self.name}")


class Cluster:
    """`folder` keeps everything of the cluster: configuration, spool, logs, and by what its processes are found again."""

    def __init__(self, folder, shared=()):
        self.folder = Path(folder).resolve()
        self.shared = [str(path) for path in dict.fromkeys([self.folder, CHECKOUT, *map(Path, shared)])]
        self.disk = self.folder / "disk"  # a small one of its own, in memory
        self.parents = []
        self.machines = {}
        if self.record.exists():
            for name, pid, start in json.loads(self.record.read_text())["machines"]:
                self.machines[name] = Machine(self, name, pid, start)

    @property
    def record(self):
        return self.folder / "cluster.json"

    @property
    def ctl(self):
        return self.machines["ctl"]

    @property
    def nodes(self):
        return [machine for machine in self.machines.values() if machine.name != "ctl"]

    def node(self, name):
        return self.machines[name]

    def is_up(self):
        return bool(self.machines) and self.ctl.alive()

    def up(self, nodes=4):
        """Starts the cluster; returns when every node is idle. Mends it if it is up with as many nodes."""
        reason = what_is_missing()
        if reason:
            raise Unavailable(reason)
        if self.is_up():
            if len(self.nodes) != nodes:
                raise AssertionError(f"a cluster of {len(self.nodes)} nodes is up in {self.folder}: take it down first")
            self.repair()
            return
        self.down()
        for name in ("spool", "log", "tmp", "disk"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        shutil.rmtree(self.folder / "spool" / "ctl", ignore_errors=True)  # jobs of an earlier cluster
        names = ["ctl", *(f"n{i}" for i in range(1, nodes + 1))]
        self.machines = {name: Machine(self, name) for name in names}
        (self.folder / "hosts").write_text("127.0.0.1 localhost\n" + "".join(
            f"{machine.address} {machine.name}\n" for machine in self.machines.values()))
        self.write_configuration(user_signal=True)
        key = self.folder / "munge.key"
        key.unlink(missing_ok=True)
        key.touch(mode=0o400)
        key.chmod(0o600)
        key.write_bytes(os.urandom(128))
        try:
            for machine in self.machines.values():
                machine.boot()
                self.remember()
            self.ctl.run("munged", f"--socket={self.folder}/munge.socket", f"--key-file={key}",
                         f"--pid-file={self.folder}/munged.pid", f"--log-file={self.folder}/log/munged.log",
                         f"--seed-file={self.folder}/munged.seed", "--force")
            self.ctl.run("slurmctld")
            for node in self.nodes:
                node.start_slurmd()
            self.wait_for_idle()
        except BaseException:
            self.down()
            raise

    def write_configuration(self, user_signal):
        (self.folder / "slurm.conf").write_text(CONFIGURATION.format(
            folder=self.folder, network=NETWORK, nodes=",".join(node.name for node in self.nodes), grace=GRACE_SECONDS,
            preempt="SlurmctldParameters=preempt_send_user_signal" if user_signal else ""))

    def configure(self, user_signal=True):
        """Whether a job that is preempted has its own --signal first (see CONFIGURATION)."""
        self.write_configuration(user_signal)
        self.ctl.run("scontrol", "reconfigure")

    def remember(self):
        self.record.write_text(json.dumps({"machines": [(m.name, m.pid, m.start) for m in self.machines.values()]}))

    def repair(self):
        """Brings the cluster back after faults: lost machines, cut links, dead slurmds, stopped or leftover jobs."""
        self.reap()
        for node in self.nodes:
            self.start_node(node)
        self.ctl.run("scancel", "--user=root", check=False)
        self.wait_for_idle()

    def start_node(self, node):
        """The node, its link and its slurmd are there again, whichever was missing."""
        if not node.alive():
            node.boot()
            self.remember()
        else:
            node.join()
        if not node.named("slurmd"):
            node.start_slurmd()

    def down(self):
        """Ends every machine of this cluster. Returns when nothing of it lives."""
        for machine in self.machines.values():
            if machine.alive():
                os.kill(machine.pid, signal.SIGKILL)
        for machine in self.machines.values():
            until(lambda m=machine: self.reap() or not m.alive(), f"the end of {machine.name}")
        self.machines = {}
        self.record.unlink(missing_ok=True)

    def reap(self):
        self.parents = [parent for parent in self.parents if parent.poll() is None]

    def node_states(self):
        """{node: state}, as sinfo says; empty while slurmctld does not answer."""
        done = self.ctl.run("sinfo", "--noheader", "--Node", "--partition=low", "--format=%N %T", check=False)
        return dict(line.split() for line in done.stdout.splitlines()) if done.returncode == 0 else {}

    def wait_for_idle(self, seconds=START_SECONDS):
        """Returns when all nodes can take jobs and none has one; brings nodes that were set down back."""
        def idle():
            states = self.node_states()
            for name, state in states.items():
                if "down" in state and "*" not in state:
                    self.ctl.run("scontrol", "update", f"NodeName={name}", "State=RESUME", check=False)
            return len(states) == len(self.nodes) and set(states.values()) == {"idle"}
        until(idle, f"idle nodes: {self.node_states()}", seconds, pause=0.2)

    def busy(self):
        """{node: {pid: words}} of processes that belong to jobs."""
        return {machine.name: found for machine in self.nodes if (found := machine.busy())}

    def fill_disk(self):
        """Leaves no byte on the small disk; free_disk() ends that."""
        self.ctl.run("dd", "if=/dev/zero", f"of={self.disk}/filler", "bs=64k", check=False)
        self.ctl.run("dd", "if=/dev/zero", f"of={self.disk}/filler-2", "bs=1", check=False)

    def free_disk(self):
        self.ctl.run("rm", "-f", f"{self.disk}/filler", f"{self.disk}/filler-2")

    def seen_from_here(self, path):
        """Where a path on the small disk is found from outside the cluster."""
        return Path(f"/proc/{self.ctl.pid}/root{path}")
