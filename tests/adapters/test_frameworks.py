import frameworks
import pytest


def test_what_both_checkers_make_of_the_same_derivatives_is_counted(monkeypatch, capsys):
    pytest.importorskip("jax", reason="JAX is not installed")
    monkeypatch.setattr(frameworks, "find_spec", lambda name: None)
    assert frameworks.main(["--every", "13"]) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()[1:]]
    assert [row[:2] for row in rows] == [["JAX", "minibp"], ["JAX", "check_grads"]]
    assert rows[0][2] == rows[0][5] == "0"
    assert int(rows[0][4]) + int(rows[0][7]) == 7


@pytest.mark.parametrize(("accepts", "alarms", "missed"), [(True, 0, 3), (False, 1, 0)], ids=["all", "none"])
def test_a_checker_that_is_mistaken_ends_with_1(accepts, alarms, missed, monkeypatch, capsys):
    def cases():
        for mistake in ("", "a", "b", "c"):
            yield frameworks.Case("JAX", mistake, lambda: accepts, lambda: True)

    monkeypatch.setattr(frameworks, "find_spec", lambda name: None)
    monkeypatch.setattr(frameworks, "of_jax", cases)
    assert frameworks.main([]) == 1
    ours = capsys.readouterr().out.splitlines()[1].split()
    assert ours[2:8] == [str(alarms), "of", "1", str(missed), "of", "3"]


def test_what_raises_accepts_nothing():
    assert frameworks.asked(lambda: 1 / 0)[0] is False
    assert frameworks.asked(lambda: True)[0] is True


def test_verdicts_in_coarse_arithmetic_are_told_by_the_size_of_the_mistake(monkeypatch):
    monkeypatch.setattr(frameworks, "SEEDS", 1)
    monkeypatch.setattr(frameworks, "LAYER", (2, 3, 2))
    monkeypatch.setattr(frameworks, "FACTORS", (1.0, 1.1, 1.3))
    table, fine = frameworks.coarse()
    assert fine
    assert [line.split()[:3] for line in table[1:]] == [
        [one, "1", "correct"] for one in ("tf32", "float16", "bfloat16")
    ]
    monkeypatch.setattr(frameworks, "backward_in", lambda name, factor=1.0, *, missing=False: lambda *given: given[:3])
    assert not frameworks.coarse()[1]


def test_the_same_derivatives_of_torch_are_given_to_both(torch):
    """The worst of each: what is a millionth off is beyond PyTorch's tolerances."""
    found = {
        (case.mistake, case.ours(), case.theirs()) for case, _ in zip(frameworks.of_torch(), range(4), strict=False)
    }
    assert found == {
        ("", True, True),
        ("a millionth more", False, True),
        ("the sign", False, False),
        ("every other entry", False, False),
    }
