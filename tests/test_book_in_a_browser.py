from pathlib import Path

import pytest
from browser import NARROW, WIDE, chromium, faults_of, needs_browser, opened, sideways

BOOK = Path(__file__).parents[1] / "build" / "book"
PAGES = [path.relative_to(BOOK).as_posix() for path in sorted(BOOK.rglob("*.html")) if "_static" not in path.parts]
LOOKED_AT = ("index.html", "start.html", "article/backpropagation.html", "symptoms.html", "api/index.html")
pytestmark = [
    needs_browser,
    pytest.mark.skipif(not PAGES, reason="the book is not built: nox -s docs"),
]


@pytest.fixture(scope="module")
def browser():
    with chromium() as one:
        yield one


def test_pages_that_are_looked_at_are_there():
    assert set(LOOKED_AT) <= set(PAGES)


@pytest.fixture(scope="module")
def seen(browser):
    """What is seen of each page, in a narrow window."""
    found = {}
    for name in PAGES:
        with opened(browser, BOOK / name, viewport=NARROW) as page:
            found[name] = {"sideways": sideways(page), **page.evaluate(SEEN)}
    return found


SEEN = """() => ({
    formulas: [...document.querySelectorAll(".katex-html")].map(one => {
        const box = one.getBoundingClientRect(); return Math.min(box.width, box.height);
    }),
    errors: document.querySelectorAll(".katex-error").length,
    pictures: [...document.querySelectorAll("article img")].map(one => one.naturalWidth),
})"""


def test_every_page_opens_from_disk_and_fits_a_narrow_window(seen):
    assert {name: one["sideways"] for name, one in seen.items() if one["sideways"] > 0} == {}


def test_formulas_are_seen(seen):
    assert sum(len(one["formulas"]) for one in seen.values()) > 200
    assert [name for name, one in seen.items() if one["errors"] or not all(size > 0 for size in one["formulas"])] == []


def test_pictures_are_seen(seen):
    assert sum(len(one["pictures"]) for one in seen.values()) >= 10
    assert [name for name, one in seen.items() if not all(one["pictures"])] == []


def test_formulas_have_their_fonts_and_their_sizes(browser):
    with opened(browser, BOOK / "article" / "backpropagation.html") as page:
        page.evaluate("document.fonts.ready")
        assert page.evaluate("document.fonts.check('16px KaTeX_Math')")
        # A superscript without the style sheet of the same version is as large as what it stands at.
        raised = page.eval_on_selector_all(
            ".katex .msupsub .mtight", "all => all.map(one => parseFloat(getComputedStyle(one).fontSize))"
        )
        whole = page.eval_on_selector(".katex", "one => parseFloat(getComputedStyle(one).fontSize)")
        assert raised
        assert max(raised) < whole


@pytest.mark.parametrize(("viewport", "dark"), [(WIDE, False), (NARROW, True)], ids=["wide light", "narrow dark"])
@pytest.mark.parametrize("name", LOOKED_AT)
def test_pages_are_accessible(browser, name, viewport, dark):
    with opened(browser, BOOK / name, viewport=viewport, dark=dark) as page:
        assert faults_of(page) == []


@pytest.mark.parametrize("word", ["complex step", "hidden_derivative_missing", "check_vjp"])
def test_search_works_from_disk(browser, word):
    with opened(browser, BOOK / "index.html") as page:
        page.locator("input[name=q]").first.fill(word)
        page.keyboard.press("Enter")
        page.wait_for_url("**/search.html?q=*")
        page.locator("#search-results li a").first.wait_for(timeout=10_000)
        assert page.locator("#search-results li a").count() >= 1
