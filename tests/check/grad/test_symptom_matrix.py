"""Wrong derivatives with each symptom: benchmarks/symptom_matrix.py, with few seeds."""

import json
from collections import defaultdict
from pathlib import Path

import pytest

pytest.importorskip("scipy")

import symptom_matrix as matrix

from minibp.check.report.symptoms import SYMPTOMS

DOCS = Path(__file__).parents[3] / "docs"
SEEDS = 1
ALONE = ["--seeds", "1", "--workers", "1"]


def written(name, symptom):
    """A function with one of its mistakes alone."""
    (one,) = [one for one in matrix.WRITTEN if one.name == name]
    return one._replace(mistakes=tuple(mistake for mistake in one.mistakes if mistake.symptom == symptom))


def asked(monkeypatch, *functions):
    monkeypatch.setattr(matrix, "WRITTEN", list(functions))
    return matrix.main(ALONE)


def numbers(capsys):
    """The checks and what was caught and named, by line of the table."""
    return [line.split()[-3:] for line in capsys.readouterr().out.splitlines()[1:]]


def test_every_symptom_is_in_wrong_derivatives_of_two_functions_or_more():
    functions = defaultdict(set)
    for one in matrix.WRITTEN:
        for mistake in one.mistakes:
            functions[mistake.symptom].add(one.name)
    assert set(functions) == set(SYMPTOMS)
    assert min(map(len, functions.values())) >= 2
    assert len({one.name for one in matrix.WRITTEN}) == len(matrix.WRITTEN)


@pytest.mark.parametrize("symptom", SYMPTOMS)
def test_is_caught_and_named_and_what_is_right_is_correct(symptom, tmp_path, capsys):
    file = tmp_path / "rows.json"
    assert matrix.main(["--seeds", str(SEEDS), "--symptom", symptom, "--workers", "1", "--json", str(file)]) == 0
    *wrong, right = capsys.readouterr().out.splitlines()[1:]
    assert [line.split()[0] for line in wrong] == [symptom] * len(wrong)
    assert [line.split()[-3:] for line in wrong] == [[str(SEEDS)] * 3] * len(wrong)
    rows = json.loads(file.read_text(encoding="utf-8"))
    of_right = [row for row in rows if not row["symptom"]]
    assert len(rows) == len(wrong) + len(of_right)
    assert all(row["verdicts"] == {"wrong" if row["symptom"] else "correct": SEEDS} for row in rows)
    assert right.split() == ["none", *f"the right ones of {len(of_right)} functions: false alarms".split(),
                             str(SEEDS * len(of_right)), "0"]  # fmt: skip


@pytest.mark.parametrize("symptom", ["zero", "transposed", "rows_only"])
def test_a_right_derivative_in_place_of_a_wrong_one_is_not_caught(symptom, monkeypatch, capsys):
    one = written("dense layer", symptom)
    (mistake,) = one.mistakes
    assert asked(monkeypatch, one) == 0
    assert numbers(capsys)[0] == ["1", "1", "1"]
    assert asked(monkeypatch, one._replace(mistakes=(mistake._replace(claim=one.claim),))) == 1
    out = capsys.readouterr().out
    assert out.splitlines()[1].split()[-3:] == ["1", "0", "0"]
    assert f"\nnot caught: dense layer: {mistake.words}: 1 correct\n" in out


def test_a_wrong_derivative_in_place_of_the_right_one_is_a_false_alarm(monkeypatch, capsys):
    one = written("tanh", "sign_flipped")
    assert asked(monkeypatch, one._replace(claim=one.mistakes[0].claim)) == 1
    out = capsys.readouterr().out
    assert out.splitlines()[2].split()[-2:] == ["1", "1"]
    assert "\nfalse alarm: tanh: 1 wrong\n" in out


def test_a_wrong_derivative_of_another_symptom_is_caught_and_not_named(monkeypatch, capsys):
    one, other = written("tanh", "sign_flipped"), written("tanh", "cotangent_summed").mistakes[0]
    assert asked(monkeypatch, one._replace(mistakes=(one.mistakes[0]._replace(claim=other.claim),))) == 0
    assert numbers(capsys)[0] == ["1", "1", "0"]


def test_a_check_that_raises_catches_nothing(monkeypatch, capsys):
    def broken(*_, **__):
        raise ValueError("it broke")

    monkeypatch.setattr(matrix, "CHECKS", dict.fromkeys(matrix.CHECKS, broken))
    assert asked(monkeypatch, written("tanh", "sign_flipped")) == 1
    assert capsys.readouterr().out.count("1 ValueError: it broke") == 2


def test_the_figures_of_the_catalogue_are_of_these_derivatives():
    rows = json.loads((DOCS / "symptom_matrix.json").read_text(encoding="utf-8"))
    told = {(row["function"], row["symptom"], row["words"]) for row in rows}
    expected = {(one.name, mistake.symptom, mistake.words) for one in matrix.WRITTEN for mistake in one.mistakes}
    expected |= {(one.name, "", "") for one in matrix.WRITTEN}
    assert told == expected, "run: python benchmarks/symptom_matrix.py --json docs/symptom_matrix.json"
    for row in rows:
        assert row["verdicts"] == {"wrong" if row["symptom"] else "correct": row["checks"]}
        assert row["checks"] == matrix.SEEDS
