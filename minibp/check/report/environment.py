"""The software and the platform that a check ran with, and when it ran."""

from __future__ import annotations

import platform
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import cache
from importlib import metadata

PACKAGES = ("minibp", "numpy", "jax", "hypothesis")
SPELLED = {"minibp": "minibp", "numpy": "NumPy", "jax": "JAX", "hypothesis": "Hypothesis", "python": "Python"}


@cache
def installed_versions() -> dict[str, str | None]:
    """The versions of the packages by their metadata: importing one for it would take longer than the check."""
    return {**{name: _version(name) for name in PACKAGES}, "python": platform.python_version()}


def _version(package: str) -> str | None:
    if package == "minibp":  # a clone that was never installed has no metadata, and an old installation outdated ones
        from minibp import __version__

        return __version__
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


@dataclass(frozen=True)
class Environment:
    """Versions by package, None where one is not installed; the platform; and the time, in UTC, as ISO 8601 has it."""

    versions: dict[str, str | None] = field(default_factory=lambda: dict(installed_versions()))
    platform: str = field(default_factory=lambda: f"{platform.system()} {platform.machine()}")
    date: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))

    def to_dict(self) -> dict[str, object]:
        """Plain data for JSON."""
        return asdict(self)

    def __str__(self) -> str:
        parts = [f"{SPELLED[name]} {version or 'not installed'}" for name, version in self.versions.items()]
        return ", ".join([*parts, self.platform, self.date])
