import base64
import hashlib
import re
import sys

import pytest

from minibp import InputError
from minibp.pages.rendering import expect_templates, rendered


def test_what_is_put_is_text_and_the_page_says_what_may_run():
    page = rendered("base.html")
    script = re.search(r"<script>(.*?)</script>", page, flags=re.DOTALL).group(1)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in page
    assert "default-src 'none'" in page
    assert not re.search(r"""(src|href)\s*=\s*["'](?!#)""", page)  # nothing is loaded
    assert "</script" not in script


def test_a_template_that_is_given_too_little_fails():
    with pytest.raises(Exception, match="is undefined"):
        rendered("report.html")


def test_without_the_library_one_sentence_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "jinja2", None)
    for use in (expect_templates, lambda: rendered("base.html")):
        with pytest.raises(InputError, match=r"a page of HTML needs jinja2, which is not installed: pip install"):
            use()
