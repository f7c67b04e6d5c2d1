"""A real browser, without a window, that opens pages from disk: what it says of them.

It needs Chromium, a package of Debian, and from PyPI playwright, which drives it, and axe-playwright-python, which has
the rules of accessibility; where one of them is missing the tests are skipped, and say which.
"""

import shutil
from contextlib import contextmanager
from importlib.util import find_spec

import pytest

LACKING = [
    *([] if shutil.which("chromium") else ["chromium (apt-get install chromium)"]),
    *(
        f"{package} (pip install {package})"
        for module, package in (("playwright", "playwright"), ("axe_playwright_python", "axe-playwright-python"))
        if find_spec(module) is None
    ),
]
needs_browser = pytest.mark.skipif(bool(LACKING), reason=f"no browser: {', '.join(LACKING)}")
WIDE, NARROW = {"width": 1200, "height": 900}, {"width": 360, "height": 740}
SERIOUS = ("serious", "critical")


@contextmanager
def chromium():
    """The browser."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        # A container has no user namespaces for Chromium's sandbox; the pages are the project's own.
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        yield browser
        browser.close()


@contextmanager
def opened(browser, file, *, viewport=WIDE, dark=False, script=True):
    """A page of a file, which must load with no request to any network, no error and no message in the console."""
    context = browser.new_context(
        viewport=viewport, color_scheme="dark" if dark else "light", java_script_enabled=script
    )
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = context.new_page()
    asked, said = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("dialog", lambda dialog: (said.append(f"dialog {dialog.message}"), dialog.dismiss()))
    page.goto(file.absolute().as_uri())
    yield page
    assert not [url for url in asked if not url.startswith(("file:", "data:", "blob:"))], asked
    assert not said, said
    context.close()


def faults_of(page):
    """What the rules of accessibility find serious on a page, by rule and place."""
    from axe_playwright_python.sync_playwright import Axe

    # Style sheets are read from the page; to fetch them once more is not allowed where it comes from disk.
    found = Axe().run(page, options={"preload": False}).response["violations"]
    return [
        (rule["id"], node["target"], node.get("failureSummary", ""))
        for rule in found
        if rule["impact"] in SERIOUS
        for node in rule["nodes"]
    ]


def sideways(page):
    """How much wider than the window the page is, in pixels."""
    return page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
