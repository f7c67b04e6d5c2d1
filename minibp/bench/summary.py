"""Figures derived from the rounds: ratios to the GEMM-only baseline, exponents of growth, break-even batch sizes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from minibp.bench.cases import BATCH_SWEEP, SWEEPS
from minibp.bench.contenders import ALL_ORACLES, BATCHED, OWN_FORMS, PER_EXAMPLE, PRODUCTS
from minibp.bench.ratios import break_even_batch, fit, ratio, spread

Outcomes = dict[str, dict[str, Any]]


def with_ratios(outcomes: Outcomes) -> Outcomes:
    """The same with the median of each, and its ratio to the products; that of a checker is to all oracles.

    >>> with_ratios({"products": {"seconds": [1.0, 2.0]}, "JAX": {"seconds": [3.0, 6.0]}})["JAX"]["ratio"]["median"]
    3.0
    """
    unit = outcomes.get(PRODUCTS.name, outcomes.get(ALL_ORACLES.name, {})).get("seconds")
    found = {}
    for name, outcome in outcomes.items():
        if "seconds" not in outcome:
            found[name] = outcome
            continue
        ratios = None if unit is None else ratio(outcome["seconds"], unit)
        found[name] = {
            **outcome,
            "median": spread(outcome["seconds"]).median,
            "ratio": None if ratios is None else ratios._asdict(),
        }
    return found


def groups(cases: Iterable[dict[str, Any]], kind: str) -> Iterator[tuple[str, int, list[dict[str, Any]]]]:
    """The cases of one kind by dtype and threads, in the order of measuring."""
    found: dict[tuple[str, int], list[dict[str, Any]]] = {}
    for case in cases:
        if case["kind"] == kind:
            found.setdefault((case["dtype"], case["threads"]), []).append(case)
    for (dtype, threads), members in found.items():
        yield dtype, threads, members


def growth(cases: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The exponent of each form in each sweep."""
    found = []
    for kind in SWEEPS:
        for dtype, threads, members in groups(cases, kind):
            for name in (contender.name for contender in OWN_FORMS):
                seen = [(case["n"], case["contenders"].get(name, {}).get("median")) for case in members]
                fitted = fit([(n, seconds) for n, seconds in seen if seconds is not None])
                if fitted is not None:
                    found.append(
                        {"sweep": kind, "dtype": dtype, "threads": threads, "contender": name, **fitted._asdict()}
                    )
    return found


def break_even(cases: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The smallest batch size from which on the batched form takes less than the loop; None where it never does."""
    found = []
    for dtype, threads, members in groups(cases, BATCH_SWEEP):
        seen = [(case["n"], between(case, BATCHED.name, PER_EXAMPLE.name)) for case in members]
        told = [(n, middle) for n, middle in seen if middle is not None]
        if told:
            found.append(
                {"dtype": dtype, "threads": threads, "batch": break_even_batch(told), "least": min(n for n, _ in told)}
            )
    return found


def between(case: dict[str, Any], over: str, under: str) -> float | None:
    """The median of per-round ratios of two contenders; None where one has no figures."""
    rounds = [case["contenders"].get(name, {}).get("seconds") for name in (over, under)]
    if None in rounds:
        return None
    found = ratio(*rounds)
    return None if found is None else found.median
