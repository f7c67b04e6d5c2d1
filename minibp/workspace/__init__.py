"""A pass without allocations: buffers and calls that are planned once for a network and a batch size."""

from minibp.workspace.workspace import Workspace

__all__ = ["Workspace"]
