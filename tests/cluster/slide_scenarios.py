"""Scenarios of slides: MTLGRID_COMMAND=extract slurm/full_benchmark.sh on fake slides (tests/fake_openslide)."""
import shutil
import sys

from slurm_cluster import CHECKOUT, until
from slurm_grid import PATIENCE, SlurmGrid
from stage import kill, scenario

sys.path.insert(0, str(CHECKOUT / "tests" / "end_to_end"))
from slide_grid import SlideGrid  # noqa: E402

SLIDES = 8
SLOW = "--trainers 1 --inject *=slow:0.2"  # so that a node is lost in the middle


class SlurmSlides(SlideGrid):
    """A cohort of fake slides in a folder that all nodes see."""

    def __init__(self, cluster, name):
        self.cluster = cluster
        folder = cluster.folder / "runs" / name
        shutil.rmtree(folder, ignore_errors=True)
        super().__init__(folder, slides=SLIDES)
        text = self.config.read_text()
        self.config.write_text(text.replace("lease_minutes = 0.05", "lease_minutes = 0.1").replace("stall_minutes = 0.1", ""))

    def submit(self, **site):
        return SlurmGrid.submit(self, command="extract", openslide=self.environment()["MTLGRID_OPENSLIDE"], **site)

    pids = SlurmGrid.pids
    wait_for_nothing_left = SlurmGrid.wait_for_nothing_left

    def check(self, expected):
        """Every slide is done, by one result, with the files of an undisturbed run and no others."""
        self.wait_for_nothing_left()
        states = {name: state for name, (state, _, _) in self.slides().items()}
        if states != {f"s{i}": "done" for i in range(SLIDES)} or set(self.attempts().values()) != {1}:
            raise AssertionError(f"slides: {self.slides()}, results: {self.attempts()}")
        if self.files() != expected:
            raise AssertionError(f"files: {self.files()}, expected {expected}")


def stage_slides(stage, name):
    grid = SlurmSlides(stage.cluster, f"{stage.name}-{name}")
    stage.grid = grid
    return grid


@scenario(short=True)
def slides_on_two_nodes(stage):
    """Two nodes extract one cohort, each slide once; then a rank is killed, and then the node of rank 0."""
    calm = stage_slides(stage, "calm")
    status, said = calm.extract(trainers=2)
    if status != 0:
        raise AssertionError(said)
    expected = calm.files()

    both = stage_slides(stage, "both")
    job = both.submit(nodes=2, run_args=SLOW)
    stage.jobs.append(job)
    job.wait()
    both.check(expected)
    hosts = {host for host, in both.rows("SELECT DISTINCT host FROM slides")}
    if len(hosts) != 2:
        raise AssertionError(f"slides were extracted on {hosts}, expected two nodes")

    struck = stage_slides(stage, "struck")
    job = struck.submit(nodes=2, run_args=SLOW)
    stage.jobs.append(job)
    until(lambda: struck.count_done() >= 2, "two slides done", PATIENCE)
    node = stage.other_node(job)
    kill(stage.one(node, "mtlgrid"))
    until(lambda: struck.count_done() >= 4, "four slides done", PATIENCE)
    kill(stage.one(job.first_node(), "mtlgrid"))
    job.await_restart(1)
    job.wait()
    struck.check(expected)
