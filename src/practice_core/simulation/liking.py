"""How much more an hour of one category earns than another, as teams may like it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from practice_core.terms import Category

if TYPE_CHECKING:
    from practice_core.points import RuleSet

__all__ = ["likings"]

_LEAST = 1e-6
"""Of a ratio: what earns nothing is liked little, not infinitely little."""


def likings(rules: RuleSet) -> tuple[float, ...]:
    """Give the logarithm of what an hour of each category earns, as a ratio to the base rate.

    By the coefficients alone: points of a service as such, limits and roundings play no part. An
    elasticity of acceptance multiplies it, and adds it to the log-odds of a yes.

    Parameters
    ----------
    rules
        The version in force.

    Returns
    -------
    tuple of float
        In the order of `Category`; all 0 where every hour earns the same.

    Examples
    --------
    >>> from practice_core.points import RuleSet
    >>> rules = RuleSet(
    ...     id="demo",
    ...     version=1,
    ...     effective=0,
    ...     rate_per_hour=10,
    ...     category_coefficient={Category.AID: 2},
    ...     source="assumed: demo",
    ... )
    >>> {category.value: round(n, 3) for category, n in zip(Category, likings(rules)) if n}
    {'aid': 0.693}
    """
    above, below = rules.worth()
    if not above:
        return (0.0,) * len(Category)
    worths = [rules.worth(category) for category in Category]
    return tuple([math.log(max(one * below / (other * above), _LEAST)) for one, other in worths])
