"""The bounds of an activation at a point and over intervals, as tests hold programs and suprema against them."""

import math

import numpy as np
from adversary import Worst, given, mp

from minibp.activations import activation_of
from minibp.check.rounding.activation_bounds import activation_bounds_of

F = (0.0, 1.0, 8.0, 1e6)
"""Errors of a library function in units of u: none, correctly rounded, as granted, and so large that only its
coefficient counts."""
AT = sorted(
    {s * z for s in (1, -1) for z in (0, 5e-324, 1e-300, 1e-8, 0.5, 1.278, 2.399, 5, 20, 43, 90, 700, 740, 1e4)}
)
LEAST = 5e-324


def points(limits):
    every = [0.0, *(sign * z for sign in (1, -1) for z in (*np.geomspace(1e-6, 300, 40), math.log(3) / 2))]
    return sorted(z for z in every if limits[0] <= z <= limits[1])


def limits_of(name, z):
    """The bounds at z: of each kind a `Worst`."""
    activation = activation_of(name)
    facts = activation_bounds_of(activation)
    z = np.array([z])
    a, p = np.abs(activation.value(z)), np.abs(activation.prime(z))

    def worst(bound):
        constant = float(bound(0.0)[0])
        return Worst(constant, float(bound(1.0)[0]) - constant)

    return {
        "value": worst(lambda f: facts.value_rounding(z, a, f)),
        "prime": worst(lambda f: facts.prime_rounding(z, a, p, f)),
        "from value": worst(lambda f: facts.from_value(z, a, p, f)),
        "textbook": worst(lambda f: facts.textbook(z, f)),
    }


def granted(name, z):
    """σ(z) with all the error that a program may have made."""
    return given(float(activation_of(name).value(np.array([z]))[0]), limits_of(name, z)["value"])


def intervals(places=AT):
    """(z, e): tiny and huge ones, and those that end at 0, just before it, or just beyond."""
    for z in places:
        for e in {0, LEAST, 1e-300, 1e-12, 1e-3, 0.1, 1, 5, 20, 1e3, 1e100, 2 * abs(z), abs(z)}:
            yield float(z), float(e)
        if z:
            yield z, np.nextafter(abs(z), 0)
            yield z, np.nextafter(abs(z), np.inf)


def bounds_of(name, z, e):
    """The bounds of |σ'| and of its change over [z − e, z + e]."""
    facts = activation_bounds_of(activation_of(name))
    z, e = np.array([z]), np.array([e])
    return facts.lipschitz(z, e)[0], facts.variation(z, e)[0]


def own_rounding(z, e):
    """What float64 takes from a bound: under 16 roundings, z + e within e^(z + e), and what underflows."""
    return (16 + abs(z) + e) * 2.0**-52, LEAST * (8 + abs(z) + e) * max(e, 1)


def digits(e):
    """So many that z ± e is told from z."""
    return mp.workdps(50 if e == 0 or e > 1e-20 else 400)
