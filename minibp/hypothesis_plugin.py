"""The entry point that Hypothesis calls when it is imported: the package's types, known by their names in annotations.

Importing this loads no strategy: Hypothesis may be on its way in because `minibp.strategies` asked for it.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType


def register() -> None:
    """Let Hypothesis draw networks, problems, activations and costs where a type is annotated."""
    from hypothesis import strategies as st

    from minibp.activations import Activation
    from minibp.costs import Cost
    from minibp.network import Network
    from minibp.problem import Problem

    st.register_type_strategy(Network, st.deferred(lambda: _strategies().networks()))
    st.register_type_strategy(Problem, st.deferred(lambda: _strategies().problems()))
    st.register_type_strategy(Activation, st.deferred(lambda: _strategies().activations()))
    st.register_type_strategy(Cost, st.deferred(lambda: _strategies().costs()))


def _strategies() -> ModuleType:
    return import_module("minibp.strategies")
