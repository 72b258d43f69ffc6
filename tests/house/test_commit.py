"""cmake/WriteCommit.cmake: which commit a build says it is of, in checkouts, archives and neither."""
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]


@unittest.skipUnless(shutil.which("cmake") and shutil.which("git"), "needs cmake and git")
class Commit(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.top = pathlib.Path(temporary.name)
        self.source = self.make_source(self.top / "source")

    def make_source(self, folder):
        (folder / "cmake").mkdir(parents=True)
        (folder / "CMakeLists.txt").write_text("one\n")
        for name in ("cmake/commit.txt", ".gitattributes"):
            shutil.copy(ROOT / name, folder / name)
        return folder

    def git(self, folder, *arguments):
        environment = dict(os.environ, GIT_CONFIG_GLOBAL="/dev/null", GIT_CONFIG_NOSYSTEM="1")
        for role in ("AUTHOR", "COMMITTER"):
            environment.update({f"GIT_{role}_NAME": "a", f"GIT_{role}_EMAIL": "a@b"})
        return subprocess.run(["git", *arguments], cwd=folder, env=environment, check=True, capture_output=True, text=True).stdout.strip()

    def commit(self, folder):
        self.git(folder, "init", "-q")
        self.git(folder, "add", ".")
        self.git(folder, "commit", "-qm", "one")
        return self.git(folder, "rev-parse", "HEAD")

    def said(self, source):
        self.out = self.top / "commit.cpp"
        subprocess.run(["cmake", "-D", f"SOURCE={source}", "-D", f"OUT={self.out}", "-P", ROOT / "cmake/WriteCommit.cmake"], check=True)
        return re.search(r'return "(.*)";', self.out.read_text())[1]

    def test_a_checkout_and_its_changes(self):
        head = self.commit(self.source)
        self.assertEqual(self.said(self.source), head[:12])
        (self.source / "untracked").touch()
        self.assertEqual(self.said(self.source), head[:12])
        (self.source / "CMakeLists.txt").write_text("two\n")
        self.assertEqual(self.said(self.source), head[:12] + ", with changes")

    def test_the_file_is_written_only_when_it_changes(self):
        self.commit(self.source)
        self.said(self.source)
        os.utime(self.out, (1, 1))
        self.said(self.source)
        self.assertEqual(self.out.stat().st_mtime, 1)

    def test_an_archive(self):
        head = self.commit(self.source)
        unpacked = self.top / "unpacked"
        unpacked.mkdir()
        self.git(self.source, "archive", "-o", str(self.top / "a.tar"), "HEAD")
        shutil.unpack_archive(self.top / "a.tar", unpacked)
        self.assertEqual(self.said(unpacked), head[:12])

    def test_no_git_at_all(self):
        self.assertEqual(self.said(self.source), "unknown: built without git")

    def test_below_the_checkout_of_something_else(self):
        (self.top / "CMakeLists.txt").write_text("theirs\n")
        self.git(self.top, "init", "-q")
        self.git(self.top, "add", "CMakeLists.txt")
        self.git(self.top, "commit", "-qm", "theirs")
        self.assertEqual(self.said(self.source), "unknown: built without git")


if __name__ == "__main__":
    unittest.main()
