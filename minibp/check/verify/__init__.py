"""The package's checks of itself: its implementations against every oracle, and the check against every fault."""
