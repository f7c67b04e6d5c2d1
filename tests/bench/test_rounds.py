import pytest

from minibp.bench import rounds
from minibp.bench.cases import Case
from minibp.bench.contenders import OWN_FORMS, PRODUCTS, WORKSPACE, Contender
from minibp.bench.rounds import Effort, Processes, measure, steps

CASE = Case("table", 0, (5, 4, 3), 6, "float64", 1)
EFFORT = Effort(rounds=4, block_seconds=1e-3, timeout=20)


def odd(name, process="odd"):
    return Contender(name, f"bench_contenders:{name}", process)


def test_every_contender_has_a_figure_of_every_round():
    counted = []
    with Processes(1, 20) as processes:
        found = measure(
            CASE, OWN_FORMS, processes, seed=0, effort=EFFORT, memory_of=[WORKSPACE], step=lambda: counted.append(0)
        )
    assert list(found) == [one.name for one in OWN_FORMS]
    for outcome in found.values():
        assert len(outcome["seconds"]) == 4
        assert min(outcome["seconds"]) > 0
        assert outcome["error"] <= 1
    assert [name for name, outcome in found.items() if "memory" in outcome] == ["workspace"]
    assert len(counted) == steps(len(OWN_FORMS), EFFORT)


def test_failures_are_outcomes_and_the_others_run_on():
    effort = EFFORT._replace(long_seconds=0.04, long_rounds=2)
    contenders = [odd("wrong"), odd("raising"), odd("slow"), odd("dying"), odd("dying_when_timed"), PRODUCTS]
    with Processes(1, 20) as processes:
        found = measure(CASE, contenders, processes, seed=0, effort=effort)
    assert "times the bound" in found["wrong"]["wrong"]
    assert "seconds" not in found["wrong"]
    assert found["raising"] == {"failed": "ValueError: it does not like this"}
    assert found["dying"]["failed"].startswith("its process died with status 3")
    assert found["dying_when_timed"]["failed"].startswith("its process died with status 3")
    # Slow ones run in the first rounds, and are made ready again in a new process if theirs is gone.
    assert [seconds is None for seconds in found["slow"]["seconds"]] == [False, False, True, True]
    assert None not in found["products"]["seconds"]


def test_who_took_too_long_is_not_waited_for_again():
    with Processes(1, 1) as processes:
        first = measure(CASE, [odd("hanging")], processes, seed=0, effort=EFFORT)
        again = measure(CASE, [odd("hanging")], processes, seed=1, effort=EFFORT)
        assert processes.pools() == {}
    assert first == {"hanging": {"failed": "no answer within 1 s"}}
    assert again == {"hanging": {"failed": "not tried: it took too long before"}}


class Scripted:
    """Processes that answer by themselves, and remember who was asked."""

    def __init__(self, log):
        self.log, self.given_up = log, set()

    def of(self, contender):
        return self

    def prepare(self, name, *details):
        return {"error": 0.0, "calls": 1, "seconds": 0.1}

    def ask(self, do, name):
        self.log.append(name)
        return {"seconds": 0.1, "cores": 1.0}


def test_what_is_wrong_when_it_is_made_ready_again_has_no_figures():
    class Restarted(Scripted):
        """A new process for each request; the second finds another result."""

        def of(self, contender):
            return Restarted(self.log)

        def prepare(self, name, *details):
            self.log.append(name)
            return {"error": 3.0} if len(self.log) > 1 else super().prepare(name)

    found = measure(CASE, [PRODUCTS], Restarted([]), seed=0, effort=EFFORT)
    assert found == {"products": {"wrong": "its result is not that of the batched form: 3 times the bound"}}


@pytest.mark.parametrize("threads", [1, 2])
def test_rounds_alternate_and_turn_round(monkeypatch, threads):
    pauses, log = [], []
    monkeypatch.setattr(rounds.time, "sleep", pauses.append)
    contenders = [Contender(name, "", process) for name, process in (("a", "p"), ("b", "p"), ("c", "q"))]
    measure(CASE._replace(threads=threads), contenders, Scripted(log), seed=0, effort=Effort(3))
    assert "".join(log) == "abccbaabc"
    assert len(pauses) == (0 if threads == 1 else 3)  # where one process gives way to another
