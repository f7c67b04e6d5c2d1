import numpy as np
import pytest
from browser import NARROW, WIDE, chromium, faults_of, needs_browser, opened, sideways
from subjects import fused

import minibp
from minibp import Finding, Report
from minibp.check.report.html import page as page_of
from minibp.check.report.tensor_errors import TensorErrors

pytestmark = needs_browser
HOSTILE = (
    "<img src=x onerror=alert(1)>",
    "</pre><script>alert(1)</script>",
    "</title><svg onload=alert(1)>",
    "\"><a href='javascript:alert(1)'>x</a>",
    "{{ 7 * 7 }}",
)


@pytest.fixture(scope="module")
def browser():
    with chromium() as one:
        yield one


def of_a_network():
    return minibp.check_backprop(fused, examples=20, seed=1, raise_on_mismatch=False)


def of_a_right_network():
    return minibp.verify(examples=40, seed=1)


def softmax(x):
    return np.exp(x) / np.exp(x).sum(-1, keepdims=True)


def of_a_layer():
    x = np.random.default_rng(0).normal(size=(5, 4))
    return minibp.check_vjp(softmax, lambda x, c: softmax(x) * c, x, seed=1, raise_on_mismatch=False)


def of_a_hostile_subject():
    finding = Finding(None, None, None, subject=HOSTILE[0], message="; ".join(HOSTILE), looks=HOSTILE)
    errors = (TensorErrors(HOSTILE[3], None, np.zeros((20, 3)), np.ones((20, 3)), np.full((20, 3), 0.5)),)
    return Report(
        "wrong", (finding,), None, 1, 1.0, 0, 1, {HOSTILE[2]: 1}, {}, notes=HOSTILE, point=HOSTILE[1],
        again=HOSTILE[3], errors=errors,
    )  # fmt: skip


REPORTS = {
    "network": of_a_network,
    "right": of_a_right_network,
    "layer": of_a_layer,
    "hostile": of_a_hostile_subject,
}


@pytest.fixture(scope="module")
def reports(tmp_path_factory):
    """Pages of reports by name, made when they are asked for."""
    folder, made = tmp_path_factory.mktemp("pages"), {}

    def file(name):
        if name not in made:
            made[name] = folder / f"{name}.html"
            made[name].write_text(page_of(REPORTS[name](), HOSTILE[2] if name == "hostile" else name), "utf-8")
        return made[name]

    return file


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("viewport", [WIDE, NARROW], ids=["wide", "narrow"])
@pytest.mark.parametrize("name", REPORTS)
def test_a_report_opens_from_disk_and_is_accessible(browser, reports, name, viewport, dark):
    with opened(browser, reports(name), viewport=viewport, dark=dark) as page:
        assert sideways(page) <= 0
        assert faults_of(page) == []
        assert page.locator("h1").bounding_box()["y"] < 200  # the verdict is what is seen first


@pytest.mark.parametrize("name", ["network", "layer"])
def test_what_is_drawn_is_seen(browser, reports, name):
    with opened(browser, reports(name)) as page:
        drawings = page.locator("svg")
        assert drawings.count() >= 2
        for at in range(drawings.count()):
            box = drawings.nth(at).bounding_box()
            assert min(box["width"], box["height"]) >= 5
        colours = page.eval_on_selector_all(
            "path.cell, .neuron circle", "all => all.map(one => getComputedStyle(one).fill)"
        )
        assert len(set(colours)) >= 2
        assert "none" not in colours


def test_buttons_copy_what_they_say(browser, reports):
    with opened(browser, reports("network")) as page:
        for button in page.locator("[data-copy]").all():
            whole = page.locator(f"#{button.get_attribute('data-copy')}").text_content()
            button.click()
            button.filter(has_text="Copied").wait_for(timeout=2000)
            assert page.evaluate("navigator.clipboard.readText()") == whole


def test_the_colours_can_be_chosen(browser, reports):
    with opened(browser, reports("right")) as page:
        button = page.locator("[data-theme-toggle]")
        seen = []
        for _ in range(3):
            button.focus()
            page.keyboard.press("Enter")
            seen.append(
                (button.get_attribute("aria-label"), page.evaluate("getComputedStyle(document.body).backgroundColor"))
            )
        assert [label for label, _ in seen] == [
            "Colours: light",
            "Colours: dark",
            "Colours: as the system has them",
        ]
        assert seen[0][1] == seen[2][1] != seen[1][1]


def test_without_script_all_is_there_but_the_buttons(browser, reports):
    with opened(browser, reports("network"), script=False) as page:
        assert page.locator("#again").is_visible()
        assert not any(button.is_visible() for button in page.locator("button").all())


def test_a_hostile_subject_is_shown_as_text(browser, reports):
    with opened(browser, reports("hostile")) as page:
        text = page.locator("main").inner_text()
        for one in HOSTILE:
            assert one in text
        assert page.locator("main img, main a, main script").count() == 0


def test_markup_that_got_in_would_still_not_run(browser, reports, tmp_path):
    broken = tmp_path / "broken.html"
    whole = reports("network").read_text("utf-8")
    broken.write_text(whole.replace("</main>", "<script>document.title = 'run'</script></main>"), "utf-8")
    with pytest.raises(AssertionError, match="Content Security Policy"), opened(browser, broken) as page:
        assert page.title() != "run"


def test_it_prints_on_paper_in_full(browser, reports, tmp_path):
    with opened(browser, reports("network")) as page:
        page.emulate_media(media="print")
        assert not any(button.is_visible() for button in page.locator("button").all())
        assert page.evaluate("getComputedStyle(document.querySelector('#counterexample')).maxHeight") == "none"
        assert len(page.pdf()) > 10_000
