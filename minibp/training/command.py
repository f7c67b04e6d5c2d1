"""`minibp train`: the source's program, on digits, MNIST or any folder of IDX files."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path
from typing import Any

import click
import numpy as np

from minibp import stopping
from minibp.arrays import FLOAT_DTYPES, InputError
from minibp.console import Exit, allow_any_text, bar, check_writable, reject, say, usable, write_json
from minibp.data.images import DataSet, data_set
from minibp.data.mnist_files import is_at_hand, mnist_cache_folder
from minibp.files import held, is_special
from minibp.options import json_option, plot_option
from minibp.text import counted
from minibp.training.history import FINISHED, INTERRUPTED, Epoch, History
from minibp.training.loop import Training
from minibp.training.presets import PRESETS, Preset

FORM_OF = {"batched": "batched", "per-example": "per_example"}
MOST_NEURONS = 10**6
"""Of one hidden layer: more is a slip."""


@click.command()
@click.option(
    "--data",
    "source",
    default="digits",
    show_default=True,
    metavar="digits|mnist|DIR",
    help="DIR is a folder of four IDX files, named as MNIST's.",
)
@click.option("--preset", type=click.Choice(list(PRESETS)), default="quadratic", show_default=True)
@click.option("--hidden", metavar="N,…", help="Neurons of the hidden layers.  [default: 30]")
@click.option("--epochs", type=click.IntRange(min=1), help="[default: 30]")
@click.option("--batch-size", type=click.IntRange(min=1), help="Examples in a mini-batch.  [default: 10]")
@click.option("--eta", type=float, help="The learning rate η.  [default: the preset's]")
@click.option("--l2", type=float, help="α of α/(2m) Σ w².  [default: the preset's]")
@click.option("--form", type=click.Choice(list(FORM_OF)), default="batched", show_default=True)
@click.option("--devices", type=click.IntRange(min=1), help="Divide each mini-batch among N devices of JAX.")
@click.option("--dtype", type=click.Choice(FLOAT_DTYPES), default="float64", show_default=True)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="The same seed, the same bits.")
@click.option("--checkpoint", type=click.Path(dir_okay=False), help="Keep FILE at what the last epoch ended with.")
@click.option("--resume", is_flag=True, help="Go on from the checkpoint, if there is one.")
@click.option("--save", "network_file", type=click.Path(dir_okay=False), help="Write the network to FILE as .npz.")
@json_option("all figures")
@plot_option()
def train(
    source: str,
    preset: str,
    hidden: str | None,
    form: str,
    devices: int | None,
    dtype: str,
    seed: int,
    checkpoint: str | None,
    resume: bool,
    network_file: str | None,
    json_file: str | None,
    plot_file: str | None,
    **changed: Any,
) -> None:
    """Train a network of sigmoid neurons to tell images apart, as the source's program does.

    With preset quadratic: η 3, weights from N(0, 1). With cross-entropy: η ½, L2 with α 5, weights from N(0, 1)/√n.
    After each epoch it prints the test accuracy. Ctrl-C ends it after the step in
    hand. The exit status is 1 where it diverged, 130 where it was interrupted.
    """
    check_writable({"--json": json_file, "--plot": plot_file, "--checkpoint": checkpoint, "--save": network_file})
    with usable(), _held(checkpoint):
        if plot_file is not None:
            from minibp.plots import check_plot_file

            check_plot_file(plot_file)
        continues = _continues(checkpoint, resume=resume)
        chosen = PRESETS[preset]._replace(**{name: value for name, value in changed.items() if value is not None})
        if hidden is not None:
            chosen = chosen._replace(hidden=_widths(hidden))
        training = _training(chosen, _data_set(source), FORM_OF[form], devices, dtype, seed)
        if continues:
            assert checkpoint is not None
            training.restore(checkpoint)
            click.echo(f"minibp: going on from {checkpoint}, {training.history.message}", err=True)
        history, failures = _trained(training, chosen.epochs, checkpoint, to_stderr=json_file == "-")
        about: dict[str, Any] = {"data": source, "preset": preset, "sizes": history.network.sizes, "form": form}
        about["devices"] = devices
        about |= {"dtype": dtype, "seed": seed, **chosen._asdict()}
        failures += _written(history, about, {"network": network_file, "json": json_file, "plot": plot_file})
        if failures:
            reject("; ".join(failures))
        if history.outcome != FINISHED:
            click.echo(f"minibp: {history.message}", err=True)
            raise Exit(stopping.EXIT_INTERRUPTED if history.outcome == INTERRUPTED else 1)


def _written(history: History, about: dict[str, Any], files: dict[str, str | None]) -> list[str]:
    """Write the files that were asked for, each whatever becomes of the others; which could not be written, and why."""

    def plot(file: str) -> None:
        from minibp.plots import save
        from minibp.training.figure import figure

        sizes = "-".join(map(str, about["sizes"]))
        save(
            figure(history, f"{about['data']}, {about['preset']}, {sizes}, η = {about['eta']:g}, α = {about['l2']:g}"),
            file,
        )

    writers: dict[str, Callable[[str], None]] = {
        "network": history.network.save,
        "json": partial(write_json, {**about, **history.to_dict()}),
        "plot": plot,
    }
    failures = []
    for kind, file in files.items():
        try:
            if file is not None:
                writers[kind](file)
        except OSError as error:
            failures.append(f"{file} could not be written: {error}")
    return failures


def _held(checkpoint: str | None) -> AbstractContextManager[None]:
    """Keep other trainings off a checkpoint for as long as this one runs: one would undo what the other wrote."""
    return nullcontext() if checkpoint is None or is_special(Path(checkpoint)) else held(checkpoint, "training")


def _continues(checkpoint: str | None, *, resume: bool) -> bool:
    """True where there is a checkpoint to resume from. One that is there is never overwritten by a new start."""
    if resume and checkpoint is None:
        raise InputError("--resume goes with --checkpoint FILE")
    there = checkpoint is not None and Path(checkpoint).exists()
    if checkpoint is not None and is_special(Path(checkpoint)):
        raise InputError(f"{checkpoint} is no regular file, which a checkpoint has to be")
    if there and not resume:
        raise InputError(f"{checkpoint} is there: --resume goes on from it; to begin anew, remove it")
    if resume and not there:
        click.echo(f"minibp: there is no {checkpoint} yet: beginning anew", err=True)
    return there


def _widths(hidden: str) -> tuple[int, ...]:
    try:
        widths = tuple(int(width) for width in hidden.split(","))
    except ValueError:
        raise InputError(f"--hidden is {hidden!r}, expected whole numbers with commas between them") from None
    if max(widths) > MOST_NEURONS:
        raise InputError(f"--hidden has a layer of {max(widths)} neurons, expected at most {MOST_NEURONS}")
    return widths


def _data_set(source: str) -> DataSet:
    cache = mnist_cache_folder()
    if source == "mnist" and cache is not None and not is_at_hand():
        click.echo(f"minibp: MNIST is not at hand: downloading 11 MB into {cache}", err=True)
    images = data_set(source, download=True)
    missing = images.without_examples()
    if missing:
        listed = f"{', '.join(map(str, missing[:5]))}{', …' if len(missing) > 5 else ''}"
        outputs = images.train.y.shape[1]
        click.echo(f"minibp: no image to train with for {len(missing)} of {outputs} classes: {listed}", err=True)
    return images


def _training(chosen: Preset, images: DataSet, form: str, devices: int | None, dtype: str, seed: int) -> Training:
    """As it begins: one generator draws the network first, and then shuffles."""
    rng = np.random.default_rng(seed)
    sizes = (images.train.x.shape[1], *chosen.hidden, images.train.y.shape[1])
    return Training(
        chosen.network(sizes, dtype, rng),
        images.train.x,
        images.train.y,
        cost=chosen.cost,
        batch_size=chosen.batch_size,
        eta=chosen.eta,
        l2=chosen.l2,
        rng=rng,
        test=images.test,
        form=form,
        devices=devices,
    )


def _trained(training: Training, epochs: int, checkpoint: str | None, *, to_stderr: bool) -> tuple[History, list[str]]:
    """Train, with a line and a checkpoint after each epoch and a bar below the lines.

    Where a checkpoint cannot be written, training ends; the list says why.
    """
    allow_any_text()
    before, start = len(training.history.epochs), time.perf_counter()
    unsaved: list[str] = []
    with bar("epochs", "done") as progress:

        def after_epoch(history: History) -> bool:
            try:
                if checkpoint is not None:
                    training.save(checkpoint)
            except (OSError, InputError) as error:
                unsaved.append(f"{checkpoint} could not be written, and training ended: {error}")
            say(_line(history.epochs[-1]), err=to_stderr)
            progress(len(history.epochs), epochs)
            return bool(unsaved)

        progress(before, epochs)
        history = training.run(epochs, after_epoch)
    done = history.epochs[before:]
    if done:
        seconds, steps = time.perf_counter() - start, sum(epoch.seconds for epoch in done) / len(done)
        say(f"{counted(len(done), 'epoch')} in {seconds:.3g} s; steps took {steps:.3g} s of each", err=to_stderr)
    return history, unsaved


def _line(epoch: Epoch) -> str:
    """`Epoch i: right / all`, and the costs without L2.

    >>> from minibp.training.scores import Score
    >>> _line(Epoch(1, Score(0.25, 1400, 1500), Score(0.5, 270, 297), 0.0, (1.0,), (1.0,), 0.1))
    'Epoch 1: 270 / 297, cost 0.25 trained, 0.5 tested'
    """
    assert epoch.test is not None
    return (
        f"Epoch {epoch.number}: {epoch.test.right} / {epoch.test.total}, "
        f"cost {epoch.train.cost:.4g} trained, {epoch.test.cost:.4g} tested"
    )
