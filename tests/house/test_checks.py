"""The checks themselves: each finds what is planted for it in a small tree, and nothing in a clean one."""
import pathlib
import tempfile
import unittest
import unittest.mock

import check
import notices
import recipes

CLEAN = {
    "base/clock.h": "double now();\n",
    "base/clock.cpp": '#include "base/clock.h"\ndouble now() { return steady_clock::now(); }\n',
    "results/store/store.h": '#include "base/clock.h"\n',
    "trainer/kernels/rows.h": "#include <ATen/core/Tensor.h>\n",
}


class Checks(unittest.TestCase):
    def offences(self, **planted):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        root, check.ROOT = check.ROOT, pathlib.Path(temporary.name)
        self.addCleanup(setattr, check, "ROOT", root)
        for name, text in {**CLEAN, **{k.replace("__", "/").replace("_h", ".h").replace("_cpp", ".cpp"): v
                                       for k, v in planted.items()}}.items():
            file = check.ROOT / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        tree = check.Tree()
        for rule in (check.check_rooms, check.check_circles, check.check_sizes, check.check_clock,
                     check.check_printing):
            rule(tree)
        return tree.offences

    def test_a_clean_tree_has_none(self):
        self.assertEqual(self.offences(), [])

    def test_an_upward_include(self):
        self.assertEqual(self.offences(base__a_h='#include "results/store/store.h"\n'),
                         ["base/a.h: includes upward: results/store/store.h"])

    def test_torch_in_a_room_without_it(self):
        self.assertEqual(self.offences(cluster__a_h="#include <c10/core/Device.h>\n"),
                         ["cluster/a.h: includes torch; rooms with torch are listed in tests/house/check.py"])
        self.assertEqual(self.offences(cluster__a_h='#include "trainer/kernels/rows.h"\n'),
                         ["cluster/a.h: includes trainer/kernels/rows.h across the border of torch"])

    def test_a_circle_through_sources(self):
        found = self.offences(cluster__a_h="", cluster__a_cpp='#include "cluster/b.h"\n',
                              cluster__b_h="", cluster__b_cpp='#include "cluster/a.h"\n')
        self.assertEqual(found, ["cluster/a: include circle: cluster/a, cluster/b"])

    def test_a_source_without_its_header(self):
        self.assertEqual(self.offences(cluster__a_cpp=""), ["cluster/a.cpp: no header of the same name"])

    def test_a_file_outside_the_rooms(self):
        self.assertEqual(self.offences(results__a_h=""), ["results/a.h: in no room; rooms are listed in tests/house/check.py"])

    def test_sizes(self):
        body = "  call();\n"
        self.assertEqual(self.offences(base__a_h="void f() {\n" + 68 * body + "}\n"), [])
        self.assertEqual(self.offences(base__a_h="void f() {\n" + 69 * body + "}\n"),
                         ["base/a.h:1: 71 lines in one function (void f() {); at most 70"])
        self.assertEqual(self.offences(base__a_h=401 * "\n"), ["base/a.h: 401 lines; at most 400"])

    def test_a_raw_clock(self):
        self.assertEqual(self.offences(base__a_h="auto t = std::chrono::system_clock::now();\n"),
                         ["base/a.h:1: reads a clock itself; ask base/clock.cpp"])


    def test_printing_past_the_one_way(self):
        self.assertEqual(self.offences(base__a_h='fmt::print(stderr, "x");\n  std::fprintf(stderr, "x");\n'),
                         ["base/a.h:1: prints by itself; use base/telling.h"])


class Recipes(unittest.TestCase):
    BODY = "Example: `x`. Words: use_x, plain x.\n\n1. `base/a.h`: the thing\n2. `pages/a.txt`: its page\n"

    def test_a_true_recipe(self):
        self.assertEqual(recipes.recipe_offences("R", self.BODY, {"base/a.h": "use_x", "pages/a.txt": "plain x"}), [])

    def test_what_is_missing(self):
        self.assertEqual(recipes.recipe_offences("R", self.BODY, {"base/a.h": "use_x", "base/b.h": "use_x"}),
                         ["R: pages/a.txt does not exist", "R: base/b.h contains use_x and is not listed"])
        self.assertEqual(recipes.recipe_offences("R", self.BODY, {"base/a.h": "use_x", "pages/a.txt": ""}),
                         ["R: pages/a.txt contains none of: use_x, plain x"])
        self.assertEqual(len(recipes.recipe_offences("R", "", {})), 1)


class Notices(unittest.TestCase):
    def test_a_library_that_the_notice_does_not_name(self):
        with unittest.mock.patch.object(notices, "libraries", lambda: ["fmt", "libfoo"]):
            self.assertEqual(list(notices.problems()), ["NOTICE: libfoo, a library of docs/dependencies.md, is missing"])


if __name__ == "__main__":
    unittest.main()
