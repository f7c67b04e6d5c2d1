"""Results as a JSON file has them, with figures that can be followed by hand."""

from minibp.bench import cases
from minibp.bench.cases import Case
from minibp.bench.contenders import CHECKERS, OWN_FORMS, PEERS
from minibp.bench.headline import headline, speedups
from minibp.bench.summary import break_even, growth, with_ratios

UNITS = {"products": 1.0, "workspace": 1.2, "batched": 2.0, "per-example": 40.0, "JAX": 1.5, "PyTorch": 3.0}
UNITS |= {"autograd": 8.0, "MyGrad": 6.0, "scikit-learn": 4.0}


def outcome(units, products=1e-5):
    return {"seconds": [units * products, 2 * units * products, None], "cores": 1.0, "error": 0.1, "calls": 7}


def case_of(case, contenders):
    return {**case._asdict(), "sizes": list(case.sizes), "contenders": with_ratios(contenders)}


def results(**changed):
    """One thread; times of the products as the sizes say, all others a fixed multiple, and `changed` in the table."""
    found = []
    for case in cases.of_table(cases.TABLE_ROWS, ["float64", "float32"], 1):
        contenders = {name: outcome(units) for name, units in (UNITS | changed).items()}
        for name in ("per-example", "batched", "workspace"):
            contenders[name]["memory"] = {"kept": 2048, "peak": 3 << 20}
        found.append(case_of(case, contenders))
    for kind, values in (("batch", (1, 4, 16, 64)), ("width", (8, 32, 128)), ("depth", (1, 2, 4))):
        for case in cases.of_sweep(kind, values, ["float64"], 1):
            loop = {"per-example": outcome(1.5, 1e-5 * case.n)}
            contenders = {one.name: outcome(UNITS[one.name], 1e-5 * case.n**0.5) for one in OWN_FORMS} | loop
            found.append(case_of(case, contenders))
    checked = Case("checkers", 0, (5, 4, 3), 4, "float64", 1)
    found.append(case_of(checked, {one.name: outcome(i + 1, 1e-3) for i, one in enumerate(CHECKERS)}))
    rows = speedups(found)
    return {
        "format": "minibp bench 1",
        "headline": {"lines": headline(rows), "rows": rows},
        "machine": {
            "processor": "Some Processor",
            "cores": 2,
            "system": "Linux x86_64",
            "python": "CPython 3.11.7",
            "versions": {"numpy": "2.4.6"},
            "others": 0.0,
            "blas": {"name": "openblas", "version": "0.3.31"},
        },
        "threads": {"1": {"numpy": [{"user_api": "blas", "num_threads": 1}], "jax": None}},
        "seed": 0,
        "seconds": 12.0,
        "absent": {},
        "cases": found,
        "exponents": growth(found),
        "pays_from": break_even(found),
    }


def names():
    return [one.name for one in (*OWN_FORMS, *PEERS)]
