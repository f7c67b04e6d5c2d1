"""The picture of a report that README shows, docs/images/report.png, made by Chromium.

    python docs/report_picture.py [--to FILE]

It needs Chromium and, from PyPI, playwright and pillow. The same seed gives the same report, without date and time.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import minibp

IMAGE = Path(__file__).parent / "images" / "report.png"
SIZE = {"width": 1000, "height": 900}
COLOURS = 48
NETWORK = minibp.Network.random([4, 5, 5, 3], "tanh", rng=7)


def backprop(weights: Any, biases: Any, x: Any, y: Any) -> Any:
    """A backward pass that forgets σ' in the second layer, as one that was copied from the output layer does."""
    network = minibp.Network(weights, biases, "tanh")
    a = minibp.batched.backprop(network, "quadratic", x, y).a
    delta, nabla_w, nabla_b = (a[-1] - y) * (1 - a[-1] ** 2), [], []
    for layer in range(len(weights) - 1, -1, -1):
        nabla_w.insert(0, delta.T @ a[layer] / len(x))
        nabla_b.insert(0, delta.mean(axis=0))
        delta = delta @ weights[layer]
        if layer > 1:
            delta = delta * (1 - a[layer] ** 2)
    return nabla_w, nabla_b


def report() -> minibp.Report:
    """The report of the check at one network."""
    x, y = [[0.5, -1.0, 0.2, 0.9]], [[0.1, -0.3, 0.4]]
    found = minibp.check_backprop(
        backprop, activation="tanh", network=NETWORK, x=x, y=y, seed=1, raise_on_mismatch=False
    )
    return replace(found, seconds=0.0, again="minibp check net.py:backprop --activation tanh --seed 1")


def main() -> None:
    """Make the picture."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--to", type=Path, default=IMAGE, metavar="FILE")
    to = parser.parse_args().to

    from PIL import Image
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        file = Path(folder) / "report.html"
        file.write_text(report().to_html("backprop"), encoding="utf-8")
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        opened = browser.new_page(viewport=SIZE)
        opened.goto(file.as_uri())
        whole = opened.screenshot()
        browser.close()
    # A few dozen colours tell all there is; the file is a third of the size.
    Image.open(BytesIO(whole)).convert("RGB").quantize(COLOURS).save(to, optimize=True)


if __name__ == "__main__":
    main()
