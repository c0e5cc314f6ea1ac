"""How teams answer, estimated from a platform's own log of offers.

The law is that of the simulation: the log-odds of yes are ``eta + u + v - kd_per_km * km -
kl * load - kn * notifications``, where u is the team's willingness and v how little or much the
order pleases, both normal with mean 0. Neither u nor v is in any log; a regression that leaves
them out pulls every estimate towards 0, and that of load past it, since willing teams are loaded
teams. So both are integrated out of the likelihood: the order's over quadrature nodes, the team's
by Laplace's approximation. The plain regression is kept beside it.

Whom a policy asks next may depend on all that was seen before, never on u and v themselves; then
the way teams were chosen does not enter the likelihood (Rubin 1976).

References
----------
Pinheiro and Bates, "Approximations to the log-likelihood function in the nonlinear mixed-effects
model", 1995; Rubin, "Inference and missing data", 1976; Konis, "Linear programming algorithms for
detecting separated data in binary logistic regression models", 2007.
"""

from __future__ import annotations

import json
import math
import warnings
from typing import TYPE_CHECKING, Any, Never

import attrs
import numpy as np
from scipy.linalg import block_diag, cho_factor, cho_solve
from scipy.optimize import linprog, minimize
from scipy.special import chdtrc, expit, log_ndtr, logsumexp, ndtr
from scipy.stats import rankdata

from practice_core.errors import DefinitionError, Fault

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from practice_core.simulation.offers import Offers

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]

__all__ = ["PARAMETERS", "Fit", "Parameter", "fit"]

MOST_TEAMS = 5_000
"""The team effects take a matrix of this size squared."""
Z = 1.959964
"""Standard errors in half of a 95 % interval."""
SLOPES = ("kd_per_km", "kl", "kn")
PARAMETERS = (
    "eta",
    *SLOPES,
    "order_effect_sd",
    "willingness_sd",
    "silent_share",
    "delay_median_hours",
    "delay_sigma",
)
"""Everything that is estimated, by the names of the scenario."""
_OF_COLUMN = {"km": "kd_per_km", "load": "kl", "notifications": "kn"}
_NODES = 15
_BINS = 10
_LEAST_DELAY = 1 / 60
"""Hours: answers are timed to the minute."""


# ------------------------------------------------------------------------------- what is found


@attrs.frozen
class Parameter:
    """One estimated number and how far it may be off; or why it could not be estimated.

    Parameters
    ----------
    estimate, standard_error
        In the parameter's unit; None if the log does not identify it.
    low, high
        The 95 % interval.
    reason
        Why there is no estimate.
    """

    estimate: float | None
    standard_error: float | None
    low: float | None
    high: float | None
    reason: str | None = None


@attrs.frozen
class Fit:
    """What a log of offers says about how teams answer.

    Parameters
    ----------
    offers, orders, teams
        How many the log holds.
    parameters
        By the names of the scenario: ``eta``, ``kd_per_km`` (per road km one way), ``kl`` (per
        unit of load), ``kn`` (per offer of the last 7 days), ``order_effect_sd``,
        ``willingness_sd`` (log-odds), ``silent_share`` (of those that did not accept),
        ``delay_median_hours``, ``delay_sigma``.
    plain
        eta, kd_per_km, kl and kn of the regression without effects of order and team, with
        standard errors clustered by order: for comparison, not for use.
    goodness
        Of the plain regression: McFadden's R2, area under the curve, Hosmer and Lemeshow's
        test, predicted beside observed by tenths; and both log-likelihoods.
    advice
        How many offers would pin kd_per_km down.
    """

    offers: int
    orders: int
    teams: int
    parameters: Mapping[str, Parameter]
    plain: Mapping[str, Parameter]
    goodness: Mapping[str, Any]
    advice: Mapping[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """Give the fit as plain data, the object that ``fit --json`` prints."""
        return attrs.asdict(self)

    def to_json(self) -> str:
        """Give `to_dict` as JSON text: no path, time or host is in it."""
        return json.dumps(self.to_dict(), indent=2, allow_nan=False) + "\n"

    def overrides(self, log: str = "the log") -> str:
        """Write the estimates as TOML that replaces the scenario's assumed numbers.

        Each is *derived*, with its arithmetic and its interval as the range to sweep. An estimate
        is written as it is, even if a slope came out negative; a parameter that could not be
        estimated is left out, so that the scenario's assumption stands.

        Parameters
        ----------
        log
            How the arithmetic calls the log, such as its file's name.
        """
        name_of_log = "".join([c if c.isprintable() else "?" for c in log[:_LONGEST_NAME]])
        sections: dict[str, list[str]] = {"answer": [], "teams": []}
        for name, found in self.parameters.items():
            if found.estimate is not None:
                how = f"{_HOW.get(name, _REGRESSION)} of {self.offers:,} offers in {name_of_log}"
                error = f"{how}, standard error {found.standard_error:.2g}"
                arithmetic = json.dumps(error, ensure_ascii=False)
                sections["teams" if name == "willingness_sd" else "answer"].append(
                    f"{name} = {{ value = {_toml(found.estimate)}, "
                    f'basis = "derived", arithmetic = {arithmetic}, '
                    f"range = [{_toml(found.low)}, {_toml(found.high)}] }}"
                )
        return "\n".join(
            "\n".join([f"[{section}]", *lines, ""]) for section, lines in sections.items() if lines
        )


_LONGEST_NAME = 200
_REGRESSION = "logistic regression with effects of order and team"
_HOW = {
    "silent_share": "share of unanswered offers among those not accepted",
    "delay_median_hours": "log-normal fit to the delays",
    "delay_sigma": "log-normal fit to the delays",
}


def _toml(number: float | None) -> str:
    return f"{float(f'{number:.6g}')!r}"


# ------------------------------------------------------------------------------- fitting


def fit(
    offers: Offers,
    *,
    half_width: float = 0.01,
    km: Sequence[float] | Floats | None = None,
    quiet: tuple[float, float] = (21, 8),
) -> Fit:
    """Estimate how teams answer.

    Parameters
    ----------
    offers
        From `read_offers`, or of a simulated run.
    half_width
        Half of the 95 % interval of kd_per_km to aim at, per km.
    km
        Road distances of lawful teams drawn at random, for the advice; None takes those of the log.
    quiet
        The hours from when and until when answers are held back at night.

    Returns
    -------
    Fit
        A parameter that the log does not identify is None, with the reason.

    Raises
    ------
    DefinitionError
        If nothing can be estimated: all yes, all no, or yes and no perfectly separated; or
        without statsmodels, which the extra ``fit`` installs.

    Examples
    --------
    >>> from practice_core.simulation import Offers
    >>> rng = np.random.default_rng(7)
    >>> n = 2_000
    >>> km, busy = rng.uniform(0, 20, n), rng.integers(0, 4, n) / 4
    >>> yes = rng.random(n) < expit(1.6 - 0.1 * km - 0.8 * busy)
    >>> names = tuple(str(number) for number in range(n))
    >>> log = Offers(names, names, km, busy, 0 * km, yes, yes, np.where(yes, 1.0, np.nan))
    >>> found = fit(log).parameters
    >>> found["kd_per_km"].low < 0.1 < found["kd_per_km"].high
    True
    >>> found["kn"].reason
    'notifications is 0 in every row'
    """
    data = _Data.of(offers)
    _refuse_unlearnable(data)
    plain, plain_spread, goodness = _plain(data)
    delay, in_time = _delay(offers, quiet)
    crossed = _Crossed(data, in_time[data.by])
    theta, spread = _maximum(crossed.log_likelihood, *crossed.start(plain, plain_spread))
    goodness["log_likelihood"] = crossed.log_likelihood(theta)
    parameters = _named(theta, spread, (*data.names, *crossed.effects), data)
    reasons = {**data.reasons, **crossed.reasons}
    wanted = ("eta", *SLOPES, "order_effect_sd", "willingness_sd")
    found = {name: parameters.get(name) or _missing(reasons[name]) for name in wanted}
    return Fit(
        len(offers),
        data.orders,
        data.teams,
        found | {"silent_share": _silent_share(offers, data, in_time)} | delay,
        _named(plain, plain_spread, data.names, data),
        goodness,
        _advice(data, theta, found, half_width, km),
    )


def _missing(reason: str) -> Parameter:
    return Parameter(None, None, None, None, reason)


def _estimated(estimate: float, error: float, least: float = -math.inf) -> Parameter:
    return Parameter(estimate, error, max(least, estimate - Z * error), estimate + Z * error)


def _named(
    theta: Floats, spread: Floats, names: Sequence[str], data: _Data
) -> dict[str, Parameter]:
    """Give estimates their names and units; standard deviations are never below 0."""
    scale = np.append(data.scale, np.ones(len(names)))[: len(names)]
    found = {}
    for name, value, error in zip(
        names, (theta / scale).tolist(), (np.sqrt(np.diag(spread)) / scale).tolist(), strict=True
    ):
        if name not in data.reasons:
            is_sd = name.endswith("_sd")
            found[name] = _estimated(
                abs(value) if is_sd else value, error, 0.0 if is_sd else -math.inf
            )
    return found


@attrs.frozen(eq=False)
class _Data:
    """The rows by order, what explains the answers, and what the log cannot tell.

    Parameters
    ----------
    yes
        Whether each offer was accepted.
    x
        A column of ones and the columns that vary, negative and in units of `scale`.
    names
        Of the parameters of these columns.
    order, team
        Numbers from 0; orders ascend.
    reasons
        Why a parameter cannot be estimated, by its name.
    by
        Which row of the log each row is.
    """

    yes: NDArray[np.bool_]
    x: Floats
    names: tuple[str, ...]
    scale: Floats
    order: Ints
    team: Ints
    reasons: Mapping[str, str]
    by: Ints

    @property
    def orders(self) -> int:
        return int(self.order[-1]) + 1

    @property
    def teams(self) -> int:
        return int(self.team.max()) + 1

    @classmethod
    def of(cls, offers: Offers) -> _Data:
        if not len(offers):
            _refuse("no offer", "a log of offers")
        order = np.unique(np.array(offers.order), return_inverse=True)[1]
        team = np.unique(np.array(offers.team), return_inverse=True)[1]
        by = np.argsort(order, kind="stable")
        columns, names, scale = [np.ones(len(offers))], ["eta"], [1.0]
        reasons: dict[str, str] = {}
        for column, name in _OF_COLUMN.items():
            values = getattr(offers, column)[by]
            sd = float(values.std())
            if np.ptp(values) == 0:
                reasons[name] = f"{column} is {values[0]:g} in every row"
                if values[0]:
                    reasons["eta"] = f"cannot be told apart from {name}: {reasons[name]}"
            elif np.linalg.matrix_rank(np.column_stack([*columns, -values / sd])) == len(columns):
                reasons[name] = f"{column} follows from the columns before it in every row"
            else:
                columns.append(-values / sd)
                names.append(name)
                scale.append(sd)
        x = np.column_stack(columns)
        yes = offers.accepted[by]
        return cls(yes, x, tuple(names), np.array(scale), order[by], team[by], reasons, by)


def _refuse(found: str, expected: str, remedy: str = "take a longer log") -> Never:
    raise DefinitionError("offers", (Fault("log", found, expected, remedy),))


def _refuse_unlearnable(data: _Data) -> None:
    if data.teams > MOST_TEAMS:
        found, expected = f"{data.teams} teams", f"at most {MOST_TEAMS}"
        _refuse(found, expected, "take the offers to a sample of the teams")
    if data.orders == 1:
        _refuse("one order", "offers of many orders")
    if np.all(data.yes) or not np.any(data.yes):
        found = "every offer accepted" if data.yes[0] else "no offer accepted"
        _refuse(found, "some accepted, some not")
    signed = np.where(data.yes, 1.0, -1.0)[:, None] * data.x
    # What separates all rows separates some of them, which is seen sooner.
    if _separated(signed[:: len(signed) // _SOME + 1]) and _separated(signed):
        found = f"yes and no separated perfectly by the columns of {', '.join(data.names[1:])}"
        _refuse(found, "yes and no at the same distance and load")


def _separated(signed: Floats) -> bool:
    """Tell whether some combination of the columns is never negative and not always 0.

    Along it the likelihood grows for ever (Konis 2007); the rows of no have their sign changed.
    """
    box = [(-1, 1)] * signed.shape[1]
    best = linprog(-signed.sum(axis=0), -signed, np.zeros(len(signed)), bounds=box)
    return best.fun is not None and best.fun < -_STRICT


def _plain(data: _Data) -> tuple[Floats, Floats, dict[str, Any]]:
    """Fit the regression without effects; give estimates, their covariance and how well it fits."""
    try:
        from statsmodels.discrete.discrete_model import Logit  # noqa: PLC0415 - an extra, and slow
    except ModuleNotFoundError:
        fault = Fault("statsmodels", "not installed", "the extra fit", "install practice-core[fit]")
        raise DefinitionError("fit", (fault,)) from None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of separation, which was refused above
        groups = {"groups": data.order}
        found = Logit(data.yes.astype(float), data.x).fit(
            disp=False, method="newton", cov_type="cluster", cov_kwds=groups
        )
    theta, spread = np.asarray(found.params), np.asarray(found.cov_params())
    p = expit(data.x @ theta)
    goodness = {
        "mcfadden_r2": float(1 - found.llf / found.llnull),
        "auc": _area(p, data.yes),
        **_calibration(p, data.yes),
        "log_likelihood_plain": float(found.llf),
    }
    return theta, spread, goodness


def _area(p: Floats, yes: NDArray[np.bool_]) -> float:
    """Give how often an accepted offer had the higher probability than one that was not."""
    count = int(yes.sum())
    above = float(rankdata(p)[yes].sum()) - count * (count + 1) / 2
    return above / (count * (len(yes) - count))


def _calibration(p: Floats, yes: NDArray[np.bool_]) -> dict[str, Any]:
    """Compare predicted with observed by tenths of the predicted (Hosmer and Lemeshow 1980)."""
    bins = [rows for rows in np.array_split(np.argsort(p, kind="stable"), _BINS) if len(rows)]
    table = [
        {
            "offers": len(rows),
            "predicted": float(p[rows].mean()),
            "observed": float(yes[rows].mean()),
        }
        for rows in bins
    ]
    chi2 = math.fsum(
        row["offers"]
        * (row["observed"] - row["predicted"]) ** 2
        / (row["predicted"] * (1 - row["predicted"]))
        for row in table
    )
    df = max(1, len(bins) - 2)
    test = {"chi2": chi2, "degrees": df, "p_value": float(chdtrc(df, chi2))}
    return {"hosmer_lemeshow": test, "calibration": table}


# ------------------------------------------------------------------------------- both effects


class _Crossed:
    """The likelihood of the answers, effects of order and team integrated out.

    Given the teams' effects, an order's answers are integrated over its own by Gauss-Hermite
    quadrature; what results is integrated over the teams' effects by Laplace's approximation
    around their mode. Both effects are normal with mean 0; their standard deviations may take
    either sign, so that 0 is no edge.
    """

    def __init__(self, data: _Data, in_time: Floats) -> None:
        self.data = data
        self.yes = data.yes[:, None]
        self.in_time = in_time[:, None]
        sizes = np.bincount(data.order)
        self.starts = np.cumsum(sizes) - sizes
        self.left, self.right = _pairs(self.starts, sizes)
        self.teams = data.teams
        self.reasons = {}
        if sizes.max() == 1:
            self.reasons["order_effect_sd"] = "no order was offered twice"
        if np.bincount(data.team).max() == 1:
            self.reasons["willingness_sd"] = "no team was asked twice"
        both = ("order_effect_sd", "willingness_sd")
        self.effects = tuple(name for name in both if name not in self.reasons)
        nodes, weights = np.polynomial.hermite_e.hermegauss(_NODES)
        one = "order_effect_sd" in self.reasons
        self.nodes = np.zeros(1) if one else nodes
        self.log_weights = np.zeros(1) if one else np.log(weights / weights.sum())
        self.z = np.zeros(self.teams)
        self.factors: tuple[Floats, bool] = (np.eye(self.teams), True)

    def start(self, plain: Floats, spread: Floats) -> tuple[Floats, Floats]:
        """Start near the plain estimates, which are too small by about a tenth."""
        effects = np.ones(len(self.effects))
        return np.append(1.1 * plain, 0.5 * effects), block_diag(spread, np.diag(0.04 * effects))

    def log_likelihood(self, theta: Floats) -> float:
        """Give the log-likelihood; `theta` holds slopes, then the standard deviations."""
        width = self.data.x.shape[1]
        line = self.data.x @ theta[:width]
        sds = dict(zip(self.effects, theta[width:].tolist(), strict=True))
        spread = sds.get("order_effect_sd", 0.0) * self.nodes
        sd = sds.get("willingness_sd", 0.0)
        if sd == 0:
            return self.given(line, spread)[0]
        # The last factors serve while they lead to the mode: taking new ones is the costly part.
        for rounds in range(1, _ROUNDS):
            value, slope, curve, cross = self.given(line + sd * self.z[self.data.team], spread)
            uphill = sd * np.bincount(self.data.team, slope, self.teams) - self.z
            if rounds % _STALE == 0:
                self.factors = self.factored(sd, curve, cross)
            step = cho_solve(self.factors, uphill, check_finite=False)
            if np.abs(step).max() < _CLOSE:
                break
            self.z += np.clip(step, -2, 2)
        self.factors = self.factored(sd, curve, cross)
        determinant = 2 * float(np.log(np.diag(self.factors[0])).sum())
        return value - 0.5 * float(self.z @ self.z) - 0.5 * determinant

    def given(self, line: Floats, spread: Floats) -> tuple[float, Floats, Floats, Floats]:
        """Give the log-likelihood for given teams' effects, and its derivatives by the log-odds.

        Returns
        -------
        tuple
            The value; for each row the first and minus the second derivative; for each pair of
            rows of one order the mixed derivative.
        """
        order = self.data.order
        odds = line[:, None] + spread
        p, q = expit(odds), expit(-odds)
        # Of a yes only what comes in time is seen; all else is not distinguished from no.
        rest = q + (1 - self.in_time) * p
        lost = self.in_time * p * q / rest
        log = np.log(np.where(self.yes, p, rest))
        joint = np.add.reduceat(log, self.starts, axis=0) + self.log_weights
        value = logsumexp(joint, axis=1)
        share = np.exp(joint - value[:, None])[order]
        residual = np.where(self.yes, q, -lost)
        bend = np.where(self.yes, p * q, lost * (q - p) + lost**2)
        slope = np.sum(share * residual, axis=1)
        curve = np.sum(share * (bend - residual**2), axis=1) + slope**2
        left, right = self.left, self.right
        cross = np.sum(share[left] * residual[left] * residual[right], axis=1)
        cross -= slope[left] * slope[right]
        return float(value.sum()), slope, curve, cross

    def factored(self, sd: float, curve: Floats, cross: Floats) -> tuple[Floats, bool]:
        """Factor minus the second derivatives by the standardised teams' effects."""
        team, count = self.data.team, self.teams
        left, right = team[self.left], team[self.right]
        places = np.concatenate([team * count + team, left * count + right, right * count + left])
        values = np.concatenate([curve, -cross, -cross])
        found = sd**2 * np.bincount(places, values, count * count).reshape(count, count)
        factor, lower = cho_factor(found + np.eye(count), lower=True, check_finite=False)
        return np.asarray(factor, np.float64), bool(lower)


_SOME = 5_000
_STRICT = 1e-4
"""How much better than no separation a perfect one is, at least; the solver's zero is below."""
_ROUNDS = 30
_STALE = 6
_CLOSE = 1e-9
_COARSE = 0.01
_FINE = 1e-3
"""The top is less than three hundredths of a standard error away: one more step reaches it."""
_FLAT = 1e-6
_STEP = 0.05


def _pairs(starts: Ints, sizes: Ints) -> tuple[Ints, Ints]:
    """Give every two rows of one order."""
    left: list[Ints] = []
    right: list[Ints] = []
    for size in np.unique(sizes).tolist():
        first = starts[sizes == size][:, None]
        a, b = np.triu_indices(size, 1)
        left.append((first + a).ravel())
        right.append((first + b).ravel())
    return np.concatenate(left), np.concatenate(right)


def _maximum(
    log_likelihood: Callable[[Floats], float], start: Floats, spread: Floats
) -> tuple[Floats, Floats]:
    """Climb to the maximum; give where it is and the covariance, the inverse of the information.

    Parameters
    ----------
    log_likelihood
        Of the parameters.
    start, spread
        Where the maximum may be, and a covariance that the true one may resemble.

    Raises
    ------
    DefinitionError
        If the likelihood has no clear maximum.
    """
    # In units of the guessed standard errors the summit is as round as the guess is good.
    unit = np.linalg.cholesky(spread)

    def height(at: Floats) -> float:
        return log_likelihood(start + unit @ at)

    def depth(at: Floats) -> float:
        return -height(at)

    foot = np.zeros(len(start))
    climbed = minimize(depth, foot, method="BFGS", options={"gtol": _COARSE, "eps": 1e-4})
    place = np.asarray(climbed.x, np.float64)
    for _ in range(_ROUNDS):
        slope, information = _derivatives(height, place)
        bend, axes = np.linalg.eigh(information)
        along = axes.T @ slope
        is_top = bend[0] > _FLAT
        if is_top and along @ (along / bend) < _FINE:
            inverse = (axes / bend) @ axes.T
            top = start + unit @ (place + inverse @ slope)
            return top, np.asarray(unit @ inverse @ unit.T, np.float64)
        step = along / np.maximum(np.abs(bend), 0.1)
        if not is_top:  # a saddle, such as where a standard deviation is 0: leave it
            step[0] += math.copysign(0.5, along[0])
        place = place + axes @ np.clip(step, -1, 1)
    _refuse("no clear maximum of the likelihood", "more information")


def _derivatives(f: Callable[[Floats], float], at: Floats) -> tuple[Floats, Floats]:
    """Give the slope of a function and minus its second derivatives, by central differences."""
    steps = _STEP * np.eye(len(at))
    here = f(at)
    up = np.array([f(at + step) for step in steps])
    down = np.array([f(at - step) for step in steps])
    information = np.diag(2 * here - up - down)
    for a, b in zip(*np.tril_indices(len(at), -1), strict=True):
        both = f(at + steps[a] + steps[b]) + f(at - steps[a] - steps[b])
        mixed = both - up[a] - down[a] - up[b] - down[b] + 2 * here
        information[a, b] = information[b, a] = -mixed / 2
    return (up - down) / (2 * _STEP), information / _STEP**2


# ------------------------------------------------------------------------------- silence and delay


def _delay(offers: Offers, quiet: tuple[float, float]) -> tuple[dict[str, Parameter], Floats]:
    """Fit a log-normal to the delays of the answers that came in time.

    An answer that fell into the night is known only to have been ready between the evening and the
    offer's end; one after the offer's end was never seen.

    Returns
    -------
    tuple
        The two parameters; for each offer the probability that an answer came in time, 1 if the
        log does not say.
    """
    unknown = np.ones(len(offers))
    if offers.hour is None or offers.open_hours is None:
        return dict.fromkeys(_DELAY, _missing(_NO_HOURS)), unknown
    evening, morning = quiet
    night = evening - offers.hour
    end = offers.hour + offers.open_hours
    # An offer that ends at night ends, for answers, in the evening before.
    into_night = (end - evening) % _DAY
    length = (morning - evening) % _DAY
    open_for = offers.open_hours - np.where(into_night < length, into_night, 0)
    open_for = np.maximum(open_for, _LEAST_DELAY)
    delay = np.maximum(offers.delay_hours, _LEAST_DELAY)
    by_day = (night > 0) & (offers.hour >= morning)
    exact = by_day & (delay <= np.minimum(night, open_for))
    held = by_day & (delay > night) & (open_for > night)
    if len(np.unique(delay[exact])) < _FEWEST:
        return dict.fromkeys(_DELAY, _missing(_FEW_DELAYS)), unknown
    log_delay, log_night = np.log(delay[exact]), np.log(night[held])
    log_end, log_end_held = np.log(open_for[exact]), np.log(open_for[held])

    def log_likelihood(theta: Floats) -> float:
        median, sigma = float(theta[0]), math.exp(theta[1])
        z = (log_delay - median) / sigma
        seen = log_ndtr((log_end - median) / sigma).sum()
        low, high = (log_night - median) / sigma, (log_end_held - median) / sigma
        between = np.log(np.maximum(ndtr(-low) - ndtr(-high), _TINY)) - log_ndtr(high)
        return float(between.sum() - 0.5 * z @ z - seen - len(z) * theta[1])

    start = np.array([log_delay.mean(), math.log(log_delay.std())])
    try:
        theta, spread = _maximum(log_likelihood, start, np.eye(2) / len(log_delay))
    except DefinitionError:
        return dict.fromkeys(_DELAY, _missing(_FEW_DELAYS)), unknown
    found = {}
    for name, log, error in zip(
        _DELAY, theta.tolist(), np.sqrt(np.diag(spread)).tolist(), strict=True
    ):
        value, factor = math.exp(log), math.exp(Z * error)
        found[name] = Parameter(value, value * error, value / factor, value * factor)
    return found, ndtr((np.log(open_for) - theta[0]) / math.exp(theta[1]))


_DELAY = ("delay_median_hours", "delay_sigma")
_NO_HOURS = "without hour and open_hours an answer too late looks like silence"
_FEW_DELAYS = "too few different delays before the quiet hours"
_FEWEST = 3
_DAY = 24
_TINY = 1e-300


def _silent_share(offers: Offers, data: _Data, in_time: Floats) -> Parameter:
    """Give the share of silent teams among those that do not want, its error by orders.

    Each answer stands for those like it that came too late to be seen.
    """
    if offers.hour is None or offers.open_hours is None:
        return _missing(_NO_HOURS)
    yes, answered = data.yes, offers.answered[data.by]
    weight = 1 / in_time[data.by]
    declined = np.where(answered & ~yes, weight, 0.0)
    unwilling = np.where(yes, 1 - weight, 1.0)
    total = float(unwilling.sum())
    if np.all(answered | yes) or not np.any(answered & ~yes) or total <= 0:
        return _missing("of the offers not accepted, all or none were answered")
    spoken = float(declined.sum()) / total
    off = np.bincount(data.order, declined - spoken * unwilling)
    error = math.sqrt(float(off @ off) * data.orders / (data.orders - 1)) / total
    found = _estimated(1 - spoken, error, 0.0)
    return attrs.evolve(found, high=min(1.0, 1 - spoken + Z * error))


# ------------------------------------------------------------------------------- advice


def _advice(
    data: _Data,
    theta: Floats,
    found: Mapping[str, Parameter],
    half_width: float,
    km: Sequence[float] | Floats | None,
) -> dict[str, Any]:
    """Say how many offers pin kd_per_km down to a half-width."""
    advice: dict[str, Any] = {"half_width": half_width}
    kd = found["kd_per_km"]
    if kd.standard_error is None:
        return advice | {"reason": kd.reason}
    now = Z * kd.standard_error
    place = data.names.index("kd_per_km")
    spread = math.hypot(*(found[n].estimate or 0.0 for n in ("order_effect_sd", "willingness_sd")))
    slopes = theta[: len(data.names)]
    here = -data.x[:, place] * data.scale[place]
    as_now = len(data.yes) * (now / half_width) ** 2
    there = here if km is None else np.asarray(km, np.float64)
    rate = 1.0
    if km is not None:
        own = _variance(data.x, slopes, spread, place)
        rate = (
            _variance(_spread_out(data.x, place, there / data.scale[place]), slopes, spread, place)
            / own
        )
    return advice | {
        "half_width_now": now,
        "offers_like_these": math.ceil(as_now),
        "km_sd": float(here.std()),
        "randomised_offers": math.ceil(as_now * rate),
        "randomised_km_sd": float(there.std()),
        "randomised_km": "as in the log" if km is None else "as given",
    }


_ROWS, _KM = 400, 200


def _spread_out(x: Floats, place: int, km: Floats) -> Floats:
    """Pair some of the rows with each of some distances."""
    rows = x[np.linspace(0, len(x) - 1, min(_ROWS, len(x))).astype(int)]
    chosen = np.sort(km)[np.linspace(0, len(km) - 1, min(_KM, len(km))).astype(int)]
    rows = np.repeat(rows, len(chosen), axis=0)
    rows[:, place] = -np.tile(chosen, len(rows) // len(chosen))
    return rows


def _variance(x: Floats, slopes: Floats, spread: float, place: int) -> float:
    """Give the variance that one offer would leave on a slope, by the Fisher information."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(_NODES)
    p = expit((x @ slopes)[:, None] + spread * nodes)
    weight = (p * (1 - p)) @ (weights / weights.sum())
    information = (x * weight[:, None]).T @ x / len(x)
    return float(np.linalg.inv(information)[place, place])
