"""What the tests of extraction share: cohorts of fake slides (tests/fake_openslide), ways to extract them, and what came out."""
import hashlib
import os
from pathlib import Path

from grid import BUILD, Grid

CONFIG = """[grid]
store = grid.db
[cohort.A]
slides_folder = wsi
features = feats
[train]
device = cpu
[extract]
extractor = mean-colour
{extract}
[cluster]
heartbeat_seconds = 0.5
lease_minutes = 0.05
stall_minutes = 0.1
{cluster}
"""


class SlideGrid(Grid):
    """A folder with `slides` sound slides in the cohort A, and its configuration."""

    def __init__(self, folder, slides=6, extract="", cluster=""):
        self.folder, self.program, self.mark, self.runs = Path(folder), BUILD / "mtlgrid", os.urandom(8).hex(), 0
        self.config, self.store = self.folder / "grid.ini", self.folder / "grid.db"
        self.wsi, self.feats = self.folder / "wsi", self.folder / "feats"
        self.wsi.mkdir(parents=True)
        for i in range(slides):
            self.add(f"s{i}", width=2600 + 500 * (i % 3), height=2300, seed=i)
        self.configure(extract, cluster)

    def configure(self, extract="", cluster=""):
        self.config.write_text(CONFIG.format(extract=extract, cluster=cluster))

    def add(self, name, width=2600, height=2300, mpp=0.5, seed=1, misdeed=""):
        file = self.wsi / f"{name}.svs"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"fake-slide {width} {height} {mpp:g} {seed} {misdeed}\n")
        return file

    def environment(self):
        return dict(super().environment(), MTLGRID_OPENSLIDE=str(BUILD / "libfake_openslide.so"))

    def command(self, trainers, arguments=()):
        return [str(self.program), "extract", str(self.config), "--trainers", str(trainers), *arguments]

    def start(self, ranks=0, trainers=1, arguments=()):
        return self.launch(self.command(trainers, arguments), ranks)

    def extract(self, ranks=0, trainers=1, arguments=()):
        """Extracts to the end; returns the status that the coordinator left, and what was said."""
        run = self.start(ranks, trainers, arguments)
        run.wait()
        return self.done_status(), run.output()

    def refused(self, *arguments):
        """What a run says that writes nothing."""
        done = self.call("extract", self.config, *arguments, check=False)
        assert done.returncode == 2, f"{done.returncode}: {done.stderr}"
        return done.stderr

    def files(self):
        """Hashes of the feature files and pictures, by their paths."""
        return {str(f.relative_to(self.feats)): hashlib.sha256(f.read_bytes()).hexdigest()
                for f in sorted(self.feats.rglob("*")) if f.is_file()}

    def slides(self):
        """State, kept tiles and cause of every slide, by its name."""
        return {name: (state, kept, cause) for name, state, kept, cause in
                self.rows("SELECT slide, state, kept, cause FROM slides ORDER BY slide")}

    def attempts(self):
        """How often each slide gave a result."""
        return dict(self.rows("SELECT c.auxiliary, count(*) FROM attempts a JOIN cells c USING (cell_id) "
                              "WHERE a.outcome = 'done' GROUP BY 1"))

