"""The inputs in ../shared/field, each after a public report of a user: what their READMEs expect, seen on the program.

A case is a folder with `try.sh BIN`. They are not part of this repository: without them the tests are skipped. What
each case is an example of has tests of its own in the rooms.
"""
import re
import subprocess
import unittest
from pathlib import Path

from grid import MTLGRID

FIELD = Path(__file__).resolve().parents[3] / "shared/field"


class Field(unittest.TestCase):

    def output(self, case):
        script = FIELD / case / "try.sh"
        if not script.exists():
            self.skipTest(f"no case {case} beside this checkout")
        done = subprocess.run([script, MTLGRID], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              timeout=300)
        return done.stdout

    def sections(self, case):
        """The output of a case that tries several kinds, by kind."""
        parts = re.split(r"(?m)^-- (\w+)", self.output(case))
        return dict(zip(parts[1::2], parts[2::2]))

    def test_absolute_names_in_the_feature_folder_are_taken(self):
        self.assertNotIn("outside", self.output("absolute-filename"))

    def test_a_changed_value_is_named(self):
        said = self.output("changed-value")
        self.assertRegex(said, r"(?i)grid 1")
        self.assertRegex(said, r"1 patient\b|1 of \d+ patients")
        self.assertIn("cohort A", said.replace("'", ""))

    def test_every_name_of_a_column_can_be_written(self):
        for kind, said in self.sections("column-names").items():
            quoted, bare = said.strip().split("\n", 1)
            self.assertNotIn("no column", quoted, kind)
            self.assertRegex(bare, r'"', kind)  # how to write it

    def test_columns_that_nobody_uses_may_share_a_name(self):
        self.assertIn("status 0", self.output("duplicate-columns"))

    def test_joins_that_fail_are_explained(self):
        cases = self.sections("join-message")
        words = {"barcode": "barcode", "floatid": r"\.0", "lower": "case", "svs": r"\.svs", "uuid": "UUID",
                 "prefix": "feats", "backslash": "backslash", "nfd": "Unicode"}
        self.assertEqual(cases.keys(), words.keys())
        for kind, word in words.items():
            self.assertRegex(cases[kind], rf"(?i){word}", kind)

    def test_another_spelling_of_a_class_is_an_error(self):
        said = self.output("label-spelling")
        self.assertIn("plan: status 2", said)
        self.assertRegex(said, r"MSI-H.*(?s:.)*nonMSIH")

    def test_a_log_that_cannot_be_written_ends_nothing(self):
        said = self.output("log-disk-full")
        self.assertIn("status 0", said)
        self.assertRegex(said, r"6 of 6|6 done")

    def test_features_compressed_with_lzf_are_read_or_the_filter_is_named(self):
        said = self.output("lzf-features")
        self.assertNotIn("truncated", said)

    def test_a_patient_may_have_more_slides_than_descriptors(self):
        said = self.output("many-slides")
        self.assertIn("plan: status 0", said)
        self.assertIn("run: status 0", said)

    def test_spellings_of_missing_values_are_one_line_a_column(self):
        said = self.output("missing-markers")
        self.assertLess(int(said.split()[0]), 12)
        self.assertIn("missing =", said)

    def test_semicolons_and_tabs_are_read(self):
        for kind, said in self.sections("semicolon").items():
            self.assertNotIn("expected 1 as in the header", said, kind)

    def test_slurm_says_how_many_trainers(self):
        self.assertRegex(self.output("slurm-cpus"), r"1 trainer")

    def test_a_folder_is_named_as_one(self):
        said = self.output("status-folder")
        self.assertNotIn("disk I/O", said)
        self.assertEqual(len(re.findall(r"is a folder", said)), 3, said)

    def test_output_that_cannot_be_written_is_a_failure(self):
        said = self.output("stdout-full")
        self.assertEqual(len(re.findall(r"full disk: status [1-9]", said)), 4, said)
        self.assertEqual(len(re.findall(r"status \d+, stderr: \S", said)), 4, said)

    def test_a_view_that_somebody_added_refuses_nobody(self):
        said = self.output("store-touched")
        self.assertIn("status 0", said)
        self.assertIn("mine", said)

    def test_two_dots_mean_what_the_system_means(self):
        first, second, system = self.output("symlink-dotdot").strip().split("\n")
        expected = system.split(": ")[1]
        self.assertTrue(first.endswith(expected), first)
        self.assertTrue(second.endswith(expected), second)

    def test_features_of_trident_are_read(self):
        self.assertNotIn("no dataset", self.output("trident-features"))

    def test_a_bad_file_of_an_unused_patient_refuses_nothing(self):
        said = self.output("unused-empty-file")
        self.assertNotRegex(said, r"mtlgrid: .*\.h5: ")


if __name__ == "__main__":
    unittest.main()
