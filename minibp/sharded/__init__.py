"""The batched form on many devices: examples, and if wanted neurons, are divided among them, and XLA moves the data."""

from minibp.sharded.collectives import Collective, collectives
from minibp.sharded.devices import mesh
from minibp.sharded.gradient import ShardedGradient
from minibp.sharded.processes import ProcessLost, joined

__all__ = ["Collective", "ProcessLost", "ShardedGradient", "collectives", "joined", "mesh"]
