import re
from pathlib import Path

import minibp

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_it_is_short_and_the_two_commands_stand_at_the_top():
    lines = README.splitlines()
    assert len(lines) < 120
    first = lines.index("```sh")
    assert first < 12
    assert lines[first + 1 : first + 3] == [
        "pip install '.[all]' && minibp verify",
        "pip install -e '.[dev]' && pytest",
    ]


PROSE = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
SOURCES = [
    path for folder in ("minibp", "benchmarks", "examples", "tests", "docs") for path in (ROOT / folder).rglob("*.py")
]


def test_every_file_that_the_prose_names_is_there_and_is_meant():
    named = {name for page in PROSE for name in re.findall(r"`([\w/]+\.py)\b", page.read_text(encoding="utf-8"))}
    assert len(named) > 10
    for name in named:
        found = [path for path in SOURCES if f"/{path.relative_to(ROOT).as_posix()}".endswith(f"/{name}")]
        assert len(found) == 1, (name, found)


def test_every_equation_of_the_table_is_cited_where_it_is_said_to_be():
    rows = re.findall(r"^\| (\(\d+\)(?: \(\d+\))*) \|.*\| (`.*`) \|$", README, flags=re.MULTILINE)
    assert len(rows) >= 10
    for numbers, places in rows:
        for name in re.findall(r"`([\w/]+\.py)`", places):
            (path,) = (ROOT / "minibp").rglob(name)
            for number in numbers.split():
                assert number in path.read_text(encoding="utf-8"), (number, name)


def test_links_lead_somewhere():
    links = re.findall(r"\]\(([^)#]+)\)", README)
    assert links
    for link in links:
        assert link.startswith("https://") or (ROOT / link).exists(), link


def test_the_version_is_the_same_everywhere():
    assert f"version: {minibp.__version__}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")
