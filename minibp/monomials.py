"""The number of polynomial terms of some features: why a network learns its features instead."""

from __future__ import annotations

import math

from minibp.arrays import checked_count


def polynomial_terms(n: int, r: int) -> int:
    """The number of polynomial terms of one degree, (n + r − 1)! / (r! (n − 1)!).

    Parameters
    ----------
    n : int
        Number of features, at least 1.
    r : int
        Degree, at least 0.

    Returns
    -------
    int
        Exact, of any size.

    Raises
    ------
    InputError
        For anything but such whole numbers.

    Examples
    --------
    Of three features and degree two: x₁², x₁x₂, x₁x₃, x₂², x₂x₃, x₃². Of the 10,000 pixels of a 100 × 100 image:

    >>> import minibp
    >>> minibp.polynomial_terms(3, 2), minibp.polynomial_terms(10_000, 2)
    (6, 50005000)
    """
    return math.comb(checked_count("n", n) + checked_count("r", r, least=0) - 1, r)
