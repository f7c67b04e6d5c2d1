"""The package's checks of itself: its forms against every oracle, and the check against every fault."""
