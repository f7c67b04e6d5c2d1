import pytest
from browser import NARROW, WIDE, chromium, faults_of, needs_browser, opened, sideways

from minibp.explain.example import example_of
from minibp.explain.page import page_of
from minibp.explain.worked import worked

pytestmark = needs_browser
SHAPES = {
    "default": ([2, 3, 2], "sigmoid", None, "quadratic", 0.0),
    "softmax": ([3, 4, 3], "silu", "softmax", "cross_entropy", 0.5),
    "wide": ([6, 8, 1], "tanh", "identity", "huber", 0.0),
    "deep": ([1] * 9, "relu", None, "quadratic", 0.1),
}


@pytest.fixture(scope="module")
def browser():
    with chromium() as one:
        yield one


@pytest.fixture
def file(tmp_path):
    def of(shape="default"):
        example = example_of(*SHAPES[shape], seed=0)
        path = tmp_path / "page.html"
        path.write_text(page_of(example, worked(example)), "utf-8")
        return path

    return of


@pytest.mark.parametrize(
    ("shape", "narrow", "dark"),
    [
        ("default", False, False),
        ("default", True, True),
        ("softmax", True, False),
        ("wide", True, False),
        ("deep", False, True),
    ],
)
def test_it_opens_from_disk_fits_the_window_and_is_accessible(browser, file, shape, narrow, dark):
    with opened(browser, file(shape), viewport=NARROW if narrow else WIDE, dark=dark) as page:
        assert sideways(page) <= 0
        assert faults_of(page) == []


QUARTER_OF_A_WEIGHT = """(() => {
    const line = document.querySelector("#w3-2-1 .reach");
    const at = line.getPointAtLength(line.getTotalLength() / 4).matrixTransform(line.getScreenCTM());
    return [at.x, at.y];
})()"""


def shown(page):
    """The heading of what is chosen: there is one."""
    (heading,) = [one.inner_text() for one in page.locator(".chooser .panel h2").all() if one.is_visible()]
    return heading


def test_what_is_clicked_shows_its_own_lines(browser, file):
    with opened(browser, file()) as page:
        page.locator("#n2-1").click()
        assert shown(page) == "Neuron 1 of layer 2"
        assert "(21)" in page.locator("#of-n2-1").inner_text()
        assert page.locator("#n2-1").get_attribute("aria-pressed") == "true"
        page.mouse.click(*page.evaluate(QUARTER_OF_A_WEIGHT))
        assert shown(page).startswith("The weight w")
        assert page.locator("#n2-1").get_attribute("aria-pressed") == "false"


def test_the_keyboard_goes_through_all_parts(browser, file):
    with opened(browser, file()) as page:
        page.locator("#n3-1").focus()
        page.keyboard.press("Enter")
        assert shown(page) == "Neuron 1 of layer 3"
        page.keyboard.press("ArrowDown")
        page.keyboard.press(" ")
        assert shown(page) == "Neuron 2 of layer 3"
        page.keyboard.press("Tab")
        page.keyboard.press("Shift+Tab")
        page.keyboard.press("Shift+Tab")
        page.keyboard.press("Enter")
        assert shown(page) == "Neuron 1 of layer 3"


def test_without_a_script_and_on_paper_all_lines_are_there(browser, file):
    with opened(browser, file(), script=False) as page:
        assert "all lines are below" in page.locator("main").inner_text()
        assert page.locator(".step .algebra li").count() == page.locator(".step .algebra li:visible").count() > 30
    with opened(browser, file()) as page:
        page.emulate_media(media="print")
        assert page.locator(".step .algebra li").count() == page.locator(".step .algebra li:visible").count() > 30
        assert len(page.pdf()) > 10_000
