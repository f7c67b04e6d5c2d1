"""Functions that a user might write."""

from minibp import Activation, Cost


class Cube(Activation):
    name = "cube"

    def value(self, z):
        return z**3

    def prime(self, z):
        return 3 * z**2


class Quartic(Cost):
    name = "quartic"

    def value(self, a, y):
        return ((a - y) ** 4).sum(-1) / 4

    def gradient(self, a, y):
        return (a - y) ** 3
