"""Tests mirror sources: minibp/a/b.py has tests/a/test_b.py, and may have tests/a/test_b_more.py."""

import ast
from pathlib import Path

import pytest

import minibp

SOURCES, TESTS = Path(minibp.__file__).parent, Path(__file__).parent
OF_SEVERAL = {
    "adapters/test_frameworks.py": "benchmarks/frameworks.py, in small runs",
    "bench/test_ratio_guard.py": "benchmarks/ratio_guard.py, by the means of the benchmark",
    "check/test_backprop_kinds.py": "check_backprop: kinds of mistakes that were met in public code",
    "check/grad/test_campaign.py": "benchmarks/any_function.py, in small runs",
    "check/grad/test_campaign_figures.py": "benchmarks/any_function_*.py, in small runs",
    "check/grad/test_kinds_cancelled.py": "the checks of check/grad: sums that hardly change",
    "check/grad/test_kinds_complex.py": "the checks of check/grad: complex parameters",
    "check/grad/test_kinds_contract.py": "the checks of check/grad: the calling contract",
    "check/grad/test_kinds_cotangent.py": "the checks of check/grad: backward passes that ignore the cotangent",
    "check/grad/test_kinds_edges.py": "the checks of check/grad: edges and jumps of f",
    "check/grad/test_kinds_far_steps.py": "the checks of check/grad: steps that are far longer than x, or than numbers",
    "check/grad/test_kinds_hidden.py": "the checks of check/grad: points that hide terms",
    "check/grad/test_kinds_inexact.py": "the checks of check/grad: functions that are inexact by their own account",
    "check/grad/test_kinds_jax.py": "the checks of check/grad: functions of JAX",
    "check/grad/test_kinds_kinks.py": "the checks of check/grad: kinks",
    "check/grad/test_kinds_layers.py": "the checks of check/grad: layers and losses",
    "check/grad/test_kinds_lengths.py": "the checks of check/grad: lengths far below x, and amplified rounding",
    "check/grad/test_kinds_lost_digits.py": "the checks of check/grad: digits that are lost where nothing shows it",
    "check/grad/test_kinds_many_entries.py": "the checks of check/grad: many entries, of which some are at kinks",
    "check/grad/test_kinds_near_ties.py": "the checks of check/grad: neighbours that nearly tie",
    "check/grad/test_kinds_not_finite.py": "the checks of check/grad: gradients that are not finite",
    "check/grad/test_kinds_overwritten.py": "the checks of check/grad: entries that are used more than once",
    "check/grad/test_kinds_parameters.py": "the checks of check/grad: parameters that are taken for others",
    "check/grad/test_kinds_scales.py": "the checks of check/grad: scales",
    "check/grad/test_kinds_second.py": "the checks of check/grad: second derivatives",
    "check/grad/test_kinds_single.py": "the checks of check/grad: single precision",
    "check/grad/test_kinds_state.py": "the checks of check/grad: functions that are not the same from call to call",
    "check/grad/test_symptom_matrix.py": "benchmarks/symptom_matrix.py, with few seeds",
    "check/grad/test_layers.py": "layers, right and with the mistakes that people make",
    "check/rounding/test_activation_rounding.py": "activation_bounds.py, by programs in an adversarial arithmetic",
    "check/rounding/test_rounding_search.py": "the bound of all activations, by a search for the worst inputs",
    "check/test_false_alarms.py": "benchmarks/false_alarms.py, by the checks themselves",
    "test_article_figures.py": "examples/article_figures.py",
    "test_architecture.py": "which file imports which",
    "test_catalogues.py": "docs/catalogues.py, and the pages that it writes",
    "test_campaign_page.py": "docs/campaign_page.py, and the page that it writes",
    "test_cited.py": "docs/extensions/cited.py",
    "test_book_in_a_browser.py": "the book, in Chromium",
    "test_collection.py": "the tests themselves",
    "test_docs.py": "README.md and docs/: commands, blocks of Python, links",
    "test_docstrings.py": "the docstrings of all that is public",
    "test_early_ends.py": "_minibp.py, the process above the command",
    "test_edges.py": "the numbers of all activations and costs where they are hardest",
    "test_examples.py": "examples/",
    "test_kinds_of_code.py": "the programs of docs/your_code_*.md",
    "test_mirror.py": "the tests themselves",
    "test_mutation.py": "benchmarks/mutation.py",
    "test_pages_in_a_browser.py": "pages of HTML, in Chromium",
    "test_programs.py": "check_backprop and the adapters: ten programs of tests/programs/, right and wrong",
    "test_project.py": "the files of the project",
    "test_readme.py": "README.md",
    "test_reference.py": "docs/api/, the reference, and the extension that renders it",
    "test_wheel.py": "what is published",
    "test_wrong_uses.py": "every public function, with arguments that cannot be used",
}
"""Test files that are not of one source of the package, and what they are of."""


def is_index(path):
    """An `__init__.py` that has a docstring, imports and `__all__` alone: there is nothing that could be wrong."""
    allowed = (ast.Import, ast.ImportFrom)
    return path.name == "__init__.py" and all(
        isinstance(node, allowed)
        or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
        or (isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == ["__all__"])
        for node in ast.parse(path.read_text(encoding="utf-8")).body
    )


def without_a_test(sources, tests):
    """The sources that have no test file of their name, `__main__.py` having test_main.py."""
    missing = []
    for path in sorted(sources.rglob("*.py")):
        place = path.relative_to(sources)
        test = tests / place.parent / f"test_{path.stem.strip('_')}.py"
        if not is_index(path) and not test.exists():
            missing.append(place.as_posix())
    return missing


def without_a_source(sources, tests):
    """The test files whose names do not begin with that of a source in the mirrored folder."""
    found = []
    for path in sorted(tests.rglob("test_*.py")):
        place = path.relative_to(tests)
        stems = {source.stem.strip("_") for source in (sources / place.parent).glob("*.py")}
        if not any(f"{path.stem}_".startswith(f"test_{stem}_") for stem in stems):
            found.append(place.as_posix())
    return found


def test_every_source_has_a_test_file_of_its_name():
    assert without_a_test(SOURCES, TESTS) == []


def test_every_test_file_is_of_a_source_or_says_what_it_is_of():
    assert without_a_source(SOURCES, TESTS) == sorted(OF_SEVERAL)


@pytest.fixture
def mirrored(tmp_path):
    sources, tests = tmp_path / "sources", tmp_path / "tests"
    for folder in (sources / "room", tests / "room"):
        folder.mkdir(parents=True)
    (sources / "__init__.py").write_text('"""A package."""\n\nfrom a import b\n\n__all__ = ["b"]\n')
    (sources / "__main__.py").write_text("")
    (sources / "room" / "one.py").write_text("")
    for name in ("test_main.py", "room/test_one.py", "room/test_one_more.py", "room/helper.py"):
        (tests / name).write_text("")
    return sources, tests


def test_a_mirror_is_accepted(mirrored):
    assert without_a_test(*mirrored) == without_a_source(*mirrored) == []


@pytest.mark.parametrize("name", ["test_main.py", "room/test_one.py"])
def test_a_source_without_its_test_is_seen(mirrored, name):
    sources, tests = mirrored
    (tests / name).unlink()
    assert without_a_test(sources, tests) == [{"test_main.py": "__main__.py"}.get(name, "room/one.py")]


def test_an_init_with_code_of_its_own_needs_a_test(mirrored):
    sources, tests = mirrored
    (sources / "__init__.py").write_text("def f():\n    return 1\n")
    assert without_a_test(sources, tests) == ["__init__.py"]


def test_a_test_without_a_source_is_seen(mirrored):
    sources, tests = mirrored
    (tests / "room" / "test_oneself.py").write_text("")
    (tests / "test_one.py").write_text("")
    assert without_a_source(sources, tests) == ["room/test_oneself.py", "test_one.py"]
