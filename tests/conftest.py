"""What all tests share: the packages they need, ids that never vary, where MNIST is, a few drawn problems."""

import importlib.util
import os
import reprlib
import signal
import sys
from collections import Counter
from pathlib import Path

import pytest
from case_ids import PLAIN, is_named
from needed import NEEDED

for threads in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS"):
    # pytest-xdist has a process for each core already; with two threads in each, those of BLAS wait for one another.
    os.environ.setdefault(threads, "1")

MISSING = [package for module, package in NEEDED.items() if importlib.util.find_spec(module) is None]

if not MISSING:
    # Importing Hypothesis imports what its entry points name, minibp among it, and with that NumPy.
    from hypothesis import settings

    settings.register_profile("minibp", deadline=None, print_blob=True, max_examples=40)
    settings.load_profile("minibp")

BESIDE = Path(__file__).parents[2] / "shared" / "data" / "mnist"
if "MINIBP_MNIST_DIR" not in os.environ and BESIDE.is_dir():
    os.environ["MINIBP_MNIST_DIR"] = str(BESIDE)

if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    # As where a shell started the tests in the background: processes that are started would not hear Ctrl-C either.
    signal.signal(signal.SIGINT, signal.default_int_handler)

TEST = pytest.StashKey[str]()
SKIPPED = os.environ.get("MINIBP_SKIPPED_TESTS")
"""A file of names of tests, or of whole files, a line each. Where it is there, those alone are run; else the names of
what is skipped are written to it. For a second run with packages that the first had not."""
ONE_IN = int(os.environ.get("MINIBP_ONE_TEST_IN", "1"))
"""Run a part of the tests: of each file the first, and every so many further. For a second Python."""


def pytest_addoption():
    # pytest calls this before it reads the options of pyproject.toml, which it does not know without pytest-xdist; an
    # error raised while this file is imported would come with a traceback.
    if MISSING:
        raise pytest.UsageError(
            f"the tests need {', '.join(MISSING)}, which {sys.executable} does not have:"
            " run pip install -e '.[dev]', then python -m pytest"
        )


class Skipped:
    """Writes the names of what is skipped."""

    def __init__(self, path):
        self.path, self.names = path, set()

    def pytest_runtest_logreport(self, report):
        if report.skipped:
            self.names.add(report.nodeid)

    pytest_collectreport = pytest_runtest_logreport

    def pytest_sessionfinish(self):
        self.path.write_text("".join(f"{name}\n" for name in sorted(self.names)), encoding="utf-8")


def pytest_configure(config):
    if SKIPPED and not hasattr(config, "workerinput") and not Path(SKIPPED).exists():
        config.pluginmanager.register(Skipped(Path(SKIPPED)), "skipped")


def pytest_collection_finish():
    os.environ.pop("MINIBP_SKIPPED_TESTS", None)  # it is not meant for runs of pytest that tests start


def pytest_collection_modifyitems(config, items):
    if SKIPPED and Path(SKIPPED).exists():
        names = set(Path(SKIPPED).read_text(encoding="utf-8").splitlines())
        items[:] = [item for item in items if item.nodeid in names or item.nodeid.split("::")[0] in names]
    seen = Counter()
    chosen, others = [], []
    for item in items:
        (others if seen[item.path] % ONE_IN else chosen).append(item)
        seen[item.path] += 1
    items[:] = chosen
    if others:
        config.hook.pytest_deselected(items=others)


@pytest.hookimpl(tryfirst=True)
def pytest_generate_tests(metafunc):
    metafunc.config.stash[TEST] = metafunc.definition.nodeid


def pytest_make_parametrize_id(config, val, argname):
    # Workers of pytest-xdist have to agree on every id, and somebody has to find the case again that an id names.
    if type(val) not in PLAIN and not is_named(val):
        raise pytest.Collector.CollectError(
            f"{config.stash[TEST]}: a case has {argname} = {' '.join(reprlib.repr(val).split())} of type"
            f" {type(val).__name__}, expected an id that names the case: pytest.param(..., id=...) or ids=..."
        )


@pytest.fixture(scope="session", autouse=True)
def _width_of_a_pipe():
    """Reports have lines as long as in a pipe, whatever terminal the tests are run in."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", "100")
        yield


@pytest.fixture(scope="session")
def mnist_folder():
    folder = os.environ.get("MINIBP_MNIST_DIR")
    if not folder:
        pytest.skip("MNIST is not at hand: MINIBP_MNIST_DIR is not set")
    return Path(folder)


@pytest.fixture(scope="session")
def drawn():
    """Two hundred problems of every kind, drawn once."""
    from minibp.check.generation import draw
    from minibp.strategies import problems

    return draw(problems(), 200, 20261122)
