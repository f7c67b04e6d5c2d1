"""The mutation run: its list of equivalent mutants, its count, and mutants made and tested in a small tree."""

from pathlib import Path

import mutation
import pytest

ROOT = Path(__file__).parents[1]
KILLED = mutation.Outcome("a.py", "x = 1", "x = 2", mutation.KILLED)
SURVIVED = mutation.Outcome("b.py", "x = 1", "x = 2", mutation.SURVIVED)
SAME = mutation.Outcome("b.py", "x = 1", "x = 0", mutation.EQUIVALENT_TO)


def test_every_file_and_its_tests_are_there():
    assert len(mutation.NEAREST) >= 13
    for file, tests in mutation.NEAREST.items():
        for pattern in (file, *tests):
            assert list(ROOT.glob(pattern)), pattern


def test_each_equivalent_mutant_has_a_reason_and_a_line_that_is_there():
    for (file, line, becomes), reason in mutation.equivalent_mutants(ROOT / mutation.EQUIVALENT).items():
        assert file in mutation.NEAREST
        text = " ".join(one.strip() for one in (ROOT / file).read_text(encoding="utf-8").splitlines())
        assert line in text, (file, line)
        assert line != becomes
        assert len(reason) > 20


def test_equivalent_mutants_are_not_counted():
    assert mutation.share([KILLED, SAME]) == 1
    assert mutation.share([KILLED, SURVIVED, SAME]) == 0.5
    assert mutation.share([SAME]) == 1


def test_the_table_has_the_numbers_of_each_file():
    rows = [line.split() for line in mutation.table([KILLED, KILLED, SURVIVED, SAME]).splitlines()[1:]]
    assert rows == [
        ["a.py", "2", "2", "0", "0", "100.0%"],
        ["b.py", "2", "0", "1", "1", "0.0%"],
        ["all", "4", "2", "1", "1", "66.7%"],
    ]


SOURCE = "def f(a, b):\n    return a + b\n"
STRONG = "from small import f\n\ndef test_f():\n    assert f(3, 5) == 8\n"
WEAK = "from small import f\n\ndef test_f():\n    assert f(0, 5) == 5\n"


def run(folder, test, equivalent=""):
    """The run's exit status in a tree of one file and one test."""
    (folder / "minibp").mkdir()
    (folder / "minibp" / "small.py").write_text(SOURCE)
    (folder / "tests").mkdir()
    (folder / "tests" / "test_small.py").write_text(test)
    (folder / "pyproject.toml").write_text("[tool.pytest.ini_options]\npythonpath = ['minibp']\n")
    (folder / mutation.EQUIVALENT).write_text(equivalent)
    return mutation.main(["--all"], folder, {"minibp/small.py": ["tests/test_small.py"]})


def test_tests_that_notice_every_change_pass(tmp_path, capsys):
    pytest.importorskip("cosmic_ray")
    assert run(tmp_path, STRONG) == 0
    said = capsys.readouterr().out
    assert "survived\n" not in said
    # + to −, and either term alone.
    assert said.splitlines()[2].split() == ["minibp/small.py", "3", "3", "0", "0", "100.0%"]
    assert (tmp_path / "minibp" / "small.py").read_text() == SOURCE


def test_tests_that_notice_little_fail_and_the_survivors_are_told(tmp_path, capsys):
    pytest.importorskip("cosmic_ray")
    assert run(tmp_path, WEAK) == 1
    said = capsys.readouterr().out
    assert "minibp/small.py: survived\n  - return a + b\n  + return b\n" in said
    assert "fewer than 95%" in said


def test_a_survivor_that_is_listed_is_equivalent(tmp_path, capsys):
    pytest.importorskip("cosmic_ray")
    listed = 'file = "minibp/small.py"\nline = "return a + b"\nbecomes = "return b"\nreason = "a is 0"\n'
    assert run(tmp_path, WEAK, f"[[mutant]]\n{listed}") == 0
    assert capsys.readouterr().out.splitlines()[-2].split() == ["all", "3", "2", "1", "0", "100.0%"]


def test_tests_that_fail_without_any_change_are_no_kill(tmp_path):
    pytest.importorskip("cosmic_ray")
    with pytest.raises(RuntimeError, match=r"small.py fail where nothing is changed:\n[^$]*assert 8 == 9"):
        run(tmp_path, STRONG.replace("8", "9"))


def test_a_file_without_tests_is_an_argument_error(tmp_path, capsys):
    with pytest.raises(SystemExit, match="2"):
        mutation.main(["nowhere.py"], tmp_path, {})
    assert "no tests are known to be nearest to nowhere.py" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["ScaledNumber", "WithoutTerm", "SwappedName"])
def test_each_operator_does_what_its_examples_say(name):
    pytest.importorskip("cosmic_ray")
    import mutants
    from cosmic_ray.mutating import mutate_code

    operator = getattr(mutants, name)
    assert operator in mutants.OWN
    for example in operator.examples():
        found = mutate_code(example.pre_mutation_code, operator(), example.occurrence)
        assert found == example.post_mutation_code


def test_a_sample_does_not_change_with_what_stands_above(tmp_path):
    pytest.importorskip("cosmic_ray")
    import mutants

    (tmp_path / "a.py").write_text(SOURCE)
    ranks = {one.rank for one in mutants.mutants_of(tmp_path, "a.py", 1)}
    (tmp_path / "a.py").write_text(f"c = 3 + 4\n\n\n{SOURCE}")
    assert len(ranks) == 3
    assert ranks < {one.rank for one in mutants.mutants_of(tmp_path, "a.py", 1)}
    assert ranks.isdisjoint(one.rank for one in mutants.mutants_of(tmp_path, "a.py", 2))
