"""Differential equations y' = f(y) and integrals, with the slope of what the scheme computes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import integrate, linalg, special

from zoo.entry import Array, Entry, Map, alike, bounded, elementwise, plain, positive, weights

W2 = weights((2,))
TURN = np.array([[0.0, 1.0], [-1.0, 0.0]])
HEAT = np.diag([-2.0] * 4) + np.diag([1.0] * 3, 1) + np.diag([1.0] * 3, -1)


def _linear(step: Array, steps: int) -> tuple[Map, Callable[[Array, Array], Array]]:
    """A linear scheme, and its backward pass by the power of its matrix."""
    power = np.linalg.matrix_power(step, steps)

    def f(y: Array) -> Array:
        for _ in range(steps):
            y = step @ y
        return y

    return f, lambda y, c: power.T @ c


def _euler_growth(y: Array) -> Array:
    for _ in range(20):
        y = y + 0.05 * y * (1 - y)
    return y


def _euler_growth_slope(y: Array) -> Array:
    d = np.ones_like(y)
    for _ in range(20):
        y, d = y + 0.05 * y * (1 - y), d * (1 + 0.05 * (1 - 2 * y))
    return d


def _euler_decay(k: Array) -> Array:
    y = np.ones_like(k)
    for _ in range(25):
        y = y - 0.04 * k * y
    return y


def _hunt(y: Array) -> Array:
    return np.array([y[0] * (1 - y[1]), y[1] * (y[0] - 1)])


def _hunt_jacobian(y: Array) -> Array:
    return np.array([[1 - y[1], -y[0]], [y[1], y[0] - 1]])


def _runge_kutta(y: Array) -> Array:
    for _ in range(8):
        a = _hunt(y)
        b = _hunt(y + 0.1 * a)
        c = _hunt(y + 0.1 * b)
        y = y + 0.2 / 6 * (a + 2 * b + 2 * c + _hunt(y + 0.2 * c))
    return y


def _runge_kutta_jacobian(y: Array) -> Array:
    d, j = np.eye(2), _hunt_jacobian
    for _ in range(8):
        a = _hunt(y)
        b = _hunt(y + 0.1 * a)
        c = _hunt(y + 0.1 * b)
        da = j(y)
        db = j(y + 0.1 * a) @ (np.eye(2) + 0.1 * da)
        dc = j(y + 0.1 * b) @ (np.eye(2) + 0.1 * db)
        dd = j(y + 0.2 * c) @ (np.eye(2) + 0.2 * dc)
        y, d = y + 0.2 / 6 * (a + 2 * b + 2 * c + _hunt(y + 0.2 * c)), (
            np.eye(2) + 0.2 / 6 * (da + 2 * db + 2 * dc + dd)) @ d  # fmt: skip
    return d


def _leapfrog(y: Array) -> Array:
    q, p = y
    for _ in range(30):
        p = p - 0.05 * np.sin(q)
        q = q + 0.1 * p
        p = p - 0.05 * np.sin(q)
    return np.array([q, p])


def _leapfrog_jacobian(y: Array) -> Array:
    q, p = y
    dq, dp = np.eye(2)
    for _ in range(30):
        p, dp = p - 0.05 * np.sin(q), dp - 0.05 * np.cos(q) * dq
        q, dq = q + 0.1 * p, dq + 0.1 * dp
        p, dp = p - 0.05 * np.sin(q), dp - 0.05 * np.cos(q) * dq
    return np.array([dq, dp])


def _solved(rtol: float, method: str) -> Map:
    """Logistic growth by SciPy, until t = 1."""

    def f(y: Array) -> Array:
        return integrate.solve_ivp(lambda _, y: y * (1 - y), (0, 1), y, rtol=rtol, atol=rtol, method=method).y[:, -1]

    return f


def _growth_slope(y: Array) -> Array:
    return np.e / (1 + y * (np.e - 1)) ** 2


def _coded(name: str, rtol: float, method: str, accuracy: float | None = None) -> Entry:
    solved = _solved(rtol, method)
    return Entry(name, "ODE", "grad", lambda y: (solved(y) * W2).sum(), lambda y: W2 * _growth_slope(y),
                 alike(positive(3.0, 0.05)), ((2,),), accuracy=accuracy)  # fmt: skip


H = 0.1
I2 = np.eye(2)
ENTRIES = [
    elementwise("Euler, decay by its rate", _euler_decay, lambda k: -(1 - 0.04 * k) ** 24, bounded(5.0), family="ODE"),
    elementwise("Euler, growth", _euler_growth, _euler_growth_slope, bounded(1.5), family="ODE"),
    elementwise("exact growth", lambda y: y * np.e / (1 + y * (np.e - 1)), _growth_slope, positive(10.0), family="ODE"),
    *(Entry(name, "ODE", "vjp", *_linear(step, steps), alike(plain), ((len(step),),)) for name, step, steps in (
        ("Euler, oscillator", I2 + H * TURN, 40),
        ("implicit Euler, oscillator", np.linalg.inv(I2 - H * TURN), 40),
        ("Crank and Nicolson", np.linalg.solve(I2 - H / 2 * TURN, I2 + H / 2 * TURN), 25),
        ("Runge and Kutta, oscillator",
         sum(np.linalg.matrix_power(H * TURN, k) / special.factorial(k) for k in range(5)), 30),
        ("heat", np.eye(4) + 0.2 * HEAT, 20),
        ("exact oscillator", linalg.expm(TURN), 1),
    )),
    Entry("Runge and Kutta, hunters", "ODE", "jacobian", _runge_kutta, _runge_kutta_jacobian,
    alike(positive(2.0, 0.1)), ((2,),)),
    Entry("leapfrog, pendulum", "ODE", "jacobian", _leapfrog, _leapfrog_jacobian, alike(bounded(2.0)), ((2,),)),
    _coded("solve_ivp, 1e-10", 1e-10, "RK45", accuracy=1e-8),
    _coded("solve_ivp, 1e-12", 1e-12, "DOP853", accuracy=1e-10),
    _coded("solve_ivp, 1e-6", 1e-6, "RK45", accuracy=1e-4),
    Entry("trapezoids of a decay", "ODE", "grad", lambda k: np.trapezoid(np.exp(-k[0] * GRID), GRID),
          lambda k: np.array([-np.trapezoid(GRID * np.exp(-k[0] * GRID), GRID)]), alike(bounded(5.0)), ((1,),)),
    Entry("Simpson of a sine", "ODE", "grad", lambda k: integrate.simpson(np.sin(k[0] * GRID), GRID),
          lambda k: np.array([integrate.simpson(GRID * np.cos(k[0] * GRID), GRID)]), alike(bounded(5.0)), ((1,),)),
]  # fmt: skip
GRID = np.linspace(0, 2, 41)
