import click
import pytest
from click.testing import CliRunner

from minibp.options import executor_option, html_option, json_option, plot_option, seed_option, workers_option


def given(option, *arguments):
    """What a command with this option gets, or its exit status."""
    found = {}

    @click.command()
    @option
    def command(**values):
        found.update(values)

    status = CliRunner().invoke(command, list(arguments)).exit_code
    return status or found


@pytest.mark.parametrize(
    ("option", "arguments", "expected"),
    [
        (json_option("it"), ["--json", "-"], {"json_file": "-"}),
        (json_option("it"), [], {"json_file": None}),
        (html_option(), ["--html", "a.html"], {"html_file": "a.html"}),
        (plot_option(), ["--plot", "a.svg"], {"plot_file": "a.svg"}),
        (seed_option(), [], {"seed": 0}),
        (seed_option(3), [], {"seed": 3}),
        (seed_option(None), [], {"seed": None}),
        (seed_option(None), ["--seed", "5"], {"seed": 5}),
        (seed_option(), ["--seed", "-1"], 2),
        (seed_option(None), ["--seed", "-1"], 2),
        (workers_option(), ["--workers", "2"], {"workers": 2}),
        (workers_option(), ["--workers", "0"], 2),
        (executor_option(), ["--executor", "dask=tcp://a:1"], {"executor": "dask=tcp://a:1"}),
        (html_option(), ["--html", "."], 2),
    ],
    ids=[
        "json", "no json", "html", "plot", "seed 0", "seed 3", "no seed", "seed 5", "seed below 0", "new seed below 0",
        "workers", "no workers", "executor", "a folder",
    ],
)  # fmt: skip
def test_an_option_is_read(option, arguments, expected):
    assert given(option, *arguments) == expected


def test_help_says_what_is_written_and_what_a_seed_does():
    @click.command()
    @json_option("the history")
    @seed_option(None, "Chooses the batches.")
    def command(**values):
        pass

    said = " ".join(CliRunner().invoke(command, ["--help"]).stdout.split())
    assert "Write the history as JSON" in said
    assert "Chooses the batches. [default: a new one]" in said
