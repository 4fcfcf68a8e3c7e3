"""BG/NBD: how often customers buy, and whether they still do.

Fader, Hardie and Lee (2005), "Counting Your Customers" the Easy Way: An Alternative to the Pareto/NBD Model, Marketing
Science 24(2). While a customer is alive, purchases come at random with a rate of their own; the rates of all customers
are gamma distributed (`r`, `alpha`). After each repeat purchase a customer stops with a probability of their own; these
are beta distributed (`a`, `b`). A customer is known by three figures, in one unit of time:

    x        repeat purchases: the first one is not counted
    t_x      from the first purchase to the last
    age      from the first purchase to now (T of the paper)

Each may be a number or an array. `fitting` finds the parameters.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Customers(NamedTuple):
    """The three figures, an array each."""

    x: Floats
    t_x: Floats
    age: Floats


class BuyingModel(NamedTuple):
    """The fitted parameters; `alpha` is in the unit of time that they were fitted in."""

    r: float
    alpha: float
    a: float
    b: float


def alive_probability(model: BuyingModel, customers: Customers) -> Floats:
    """That the customer will buy again some time. In the paper's model nobody stops after their first purchase, so it
    would be 1 for all who bought once. For them the first purchase counts as one after which they may stop, as in
    MBG/NBD (Batislam, Denizel and Filiztekin 2007)."""
    x, t_x, age = (np.asarray(figure, float) for figure in customers)
    r, alpha, a, b = model
    stopped = np.log(a) - np.log(b + x - (x > 0)) + (r + x) * (np.log(alpha + age) - np.log(alpha + t_x))
    return np.asarray(1 / (1 + np.exp(np.minimum(stopped, 700))))


def purchase_probability(model: BuyingModel, customers: Customers, span: float) -> Floats:
    """That the customer buys at least once in the next `span`."""
    x, _, age = (np.asarray(figure, float) for figure in customers)
    r, alpha, _, _ = model
    none = np.exp((r + x) * (np.log(alpha + age) - np.log(alpha + age + span)))
    return np.asarray(alive_probability(model, customers) * (1 - none))
