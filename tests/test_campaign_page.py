import json
import re
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

DOCS = Path(__file__).parents[1] / "docs"
spec = spec_from_file_location("campaign_page", DOCS / "campaign_page.py")
campaign_page = module_from_spec(spec)
spec.loader.exec_module(campaign_page)

REPORT = json.loads((DOCS / "million.json").read_text(encoding="utf-8"))


def test_the_page_is_as_the_report_has_it():
    written = (DOCS / "million.md").read_text(encoding="utf-8")
    assert campaign_page.page(REPORT) == written, "run: python docs/campaign_page.py"


def test_a_million_networks_were_right_and_nothing_was_called_wrong():
    assert REPORT["networks"] >= 1_000_000
    assert (REPORT["verdict"], REPORT["findings"]) == ("correct", [])
    assert "alarms, in networks: JAX autodiff 0, complex step 0, finite differences 0" in REPORT["notes"]


def test_every_entry_is_in_one_row_of_the_distribution():
    for row, forms in enumerate(REPORT["oracles"].values()):
        counted = sum(sum(one["error_over_tolerance"].values()) for one in forms.values())
        lines = campaign_page.distribution(REPORT).splitlines()[2:]
        cells = [re.split(r" *\| *", line)[2:-1][row] for line in lines]
        assert int(cells.pop().replace(",", "")) == counted
        assert abs(sum(float(cell.rstrip("%")) for cell in cells) - 100) <= 0.05


def test_an_alarm_and_an_entry_beyond_its_tolerance_would_be_seen():
    worse = json.loads(json.dumps(REPORT))
    worse["verdict"], worse["notes"] = "wrong", ["1 networks a second", "alarms, in networks: JAX autodiff 3"]
    worse["oracles"]["jax"]["batched"]["equations"]["(24)"]["worst"] = 7.25
    worse["oracles"]["jax"]["batched"]["error_over_tolerance"]["10"] = 10**6
    page = campaign_page.page(worse)
    assert page.startswith("# A million networks\n\nWrong: ")
    assert "Alarms, in networks: JAX autodiff 3." in page
    assert "| (24) | 7.250 |" in page
    (above,) = [line for line in page.splitlines() if line.startswith("| above 1 |")]
    assert not above.startswith("| above 1 | 0 |")
