"""The code that is checked: how it is called, what it must accept, what it says that it computes."""
