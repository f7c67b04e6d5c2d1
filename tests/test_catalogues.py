from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

from minibp.check.faults.catalogue import CATALOGUE
from minibp.check.report.symptoms import SYMPTOMS

DOCS = Path(__file__).parents[1] / "docs"
spec = spec_from_file_location("catalogues", DOCS / "catalogues.py")
catalogues = module_from_spec(spec)
spec.loader.exec_module(catalogues)


@pytest.mark.parametrize("name", catalogues.PAGES)
def test_the_page_is_as_the_entries_have_it(name):
    written = (DOCS / name).read_text(encoding="utf-8")
    assert catalogues.PAGES[name]() == written, "run: python docs/catalogues.py"


def test_every_entry_is_on_its_page_once():
    for name, entries, level in (("faults.md", CATALOGUE, "### "), ("symptoms.md", SYMPTOMS, "## ")):
        lines = (DOCS / name).read_text(encoding="utf-8").splitlines()
        assert sorted(set(lines) & {level + entry for entry in entries}) == sorted(level + entry for entry in entries)
        assert len([line for line in lines if line.removeprefix(level) in entries]) == len(entries)


def test_what_is_measured_is_what_the_formula_says():
    of = {name: catalogues.measured(CATALOGUE[name]) for name in ("cost_factor_two", "sum_for_mean", "l2_missing")}
    assert of["cost_factor_two"] == "All ×2.00, cos 1.00; ∂C/∂b ×2.00, ×2.00, ×2.00; ∂C/∂W ×2.00, ×2.00, ×2.00"
    assert of["sum_for_mean"].startswith("All ×5.00, cos 1.00;")
    assert "∂C/∂b =, =, =;" in of["l2_missing"]
    assert of["l2_missing"].endswith("(L2 with α = 0.5)")
