"""The code that is checked: its call, the arguments that it must accept, and the specification of what it computes."""
