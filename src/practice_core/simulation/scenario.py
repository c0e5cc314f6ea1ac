"""A scenario: everything the simulation assumes, as data, each number with its basis."""

from __future__ import annotations

import datetime as dt
import json
from functools import cache
from hashlib import blake2b
from importlib import resources
from typing import TYPE_CHECKING, Any

import attrs

from practice_core.areas import (
    Area,
    Basis,
    BasisKind,
    area_names,
    beside,
    file_bytes,
    load_area,
    read,
    scenario_bytes,
    structure,
)
from practice_core.errors import DefinitionError, Fault, UnknownName, attempt
from practice_core.simulation.impossible import scenario_faults
from practice_core.simulation.liking import likings
from practice_core.simulation.parts import Parts
from practice_core.units import DAY, WEEK, Instant, instant

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from os import PathLike
    from pathlib import Path

    from practice_core.simulation.parts import (
        AnswerModel,
        City,
        Horizon,
        OwnActivity,
        Redemption,
        RequestedTimes,
        Resident,
        Season,
        Service,
        SiteRequest,
        Teams,
    )

__all__ = ["Scenario", "load_scenario"]


@attrs.frozen(eq=False)
class Scenario:
    """An area with all that is assumed about it.

    Parameters
    ----------
    area
        The area.
    values
        The plain values by section and key, as in the file; of keys that it leaves out and may, as
        in ``defaults.toml``.
    bases
        What each number rests on, by dotted key.

    Raises
    ------
    DefinitionError
        With every unknown, missing, mistyped or impossible value.

    Examples
    --------
    >>> flat = load_scenario("wujiang").with_values({"answer.kd_per_km": 0.0, "horizon.weeks": 2})
    >>> flat.answer.kd_per_km, flat.horizon.weeks
    (0.0, 2)
    """

    area: Area
    values: Mapping[str, Any]
    bases: Mapping[str, Basis]
    digest: str = attrs.field(init=False)
    """BLAKE2b of the area and the values: equal digests, equal results."""
    _parts: Parts = attrs.field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        parts = structure(self.values, Parts, "scenario")
        object.__setattr__(self, "_parts", parts)
        text = json.dumps([self.area.digest, self.values])
        object.__setattr__(self, "digest", blake2b(text.encode(), digest_size=16).hexdigest())
        faults = tuple(scenario_faults(parts, self.area))
        if faults:
            raise DefinitionError("scenario", faults)

    @property
    def is_conditional(self) -> bool:
        """Whether no volume of the area is published: all that is simulated then is a what-if."""
        volumes = {basis.kind for key, basis in self.bases.items() if key.endswith(".per_year")}
        return not {BasisKind.PUBLISHED, BasisKind.DERIVED} & volumes

    @property
    def horizon(self) -> Horizon:
        """When it runs."""
        return self._parts.horizon

    @property
    def city(self) -> City:
        """How the map is drawn."""
        return self._parts.city

    @property
    def resident(self) -> Resident:
        """What residents order."""
        return self._parts.resident

    @property
    def site_request(self) -> SiteRequest:
        """What sites ask other teams for."""
        return self._parts.site_request

    @property
    def own_activity(self) -> OwnActivity:
        """What sites plan themselves."""
        return self._parts.own_activity

    @property
    def season(self) -> Season:
        """When orders are placed."""
        return self._parts.season

    @property
    def requested_time(self) -> RequestedTimes:
        """The part of the week asked for."""
        return self._parts.requested_time

    @property
    def teams(self) -> Teams:
        """How the roster is drawn."""
        return self._parts.teams

    @property
    def answer(self) -> AnswerModel:
        """How teams answer."""
        return self._parts.answer

    @property
    def service(self) -> Service:
        """Review, turnout and rating."""
        return self._parts.service

    @property
    def redemption(self) -> Redemption:
        """What members do with their points."""
        return self._parts.redemption

    @property
    def unused(self) -> frozenset[str]:
        """The keys of numbers on which no measure of a run rests.

        The area's own tables say it all, its points are the same for an hour of every category, or
        the number tells what members do with their points: that moves no order.
        """
        area = self.area
        found = {f"redemption.{key}" for key in self.values["redemption"]}
        if not any(likings(area.rules)):
            found.add("answer.points_elasticity")
        if not area.made_up["sites"]:
            found |= {"city.station_sigma_km", "city.spot_sigma_km"}
        if area.teams is not None:
            found |= {f"teams.{key}" for key in _OF_A_MADE_UP_ROSTER}
            rows = area.teams
            if all(row.members is not None for row in rows):
                found |= {f"teams.members_{key}" for key in ("median", "mean", "least", "most")}
            if all(row.jobs_per_week is not None for row in rows):
                found.add("teams.jobs_per_week_shares")
            drawn = {row.categories[0] for row in rows if row.kind is None}
            found |= {
                f"teams.archetypes.{one}" for one in self.teams.archetypes if one not in drawn
            }
        return frozenset(found)

    @property
    def begins(self) -> Instant:
        """The first instant: a Monday, 00:00 local time."""
        day = dt.date.fromisoformat(self.horizon.starts_on)
        zone = dt.timezone(dt.timedelta(milliseconds=self.area.calendar.offset))
        return instant(dt.datetime(day.year, day.month, day.day, tzinfo=zone))

    @property
    def cohort(self) -> tuple[Instant, Instant]:
        """The window [from, to) in which the orders that count are placed."""
        first = self.begins + self.horizon.warmup_weeks * WEEK
        return first, first + self.horizon.weeks * WEEK

    @property
    def ends(self) -> Instant:
        """The last instant: demand continues through the run-out, up to here."""
        return self.cohort[1] + self.horizon.runout_days * DAY

    def with_values(self, changes: Mapping[str, Any]) -> Scenario:
        """Give a changed copy; what is changed is set, and rests on nothing but that.

        Parameters
        ----------
        changes
            New values by dotted key, such as ``{"answer.kd_per_km": 0.0}``.

        Raises
        ------
        UnknownName
            If there is no such key.
        DefinitionError
            If a value is impossible.
        """
        values = _copy(self.values)
        for key, value in changes.items():
            *path, last = key.split(".")
            node = values
            for part in path:
                node = node.get(part) if isinstance(node, dict) else None
            if not isinstance(node, dict) or last not in node:
                raise UnknownName("key", key, _keys(self.values))
            node[last] = value
        kept = {
            key: basis
            for key, basis in self.bases.items()
            if not any(f"{key}.".startswith(f"{c}.") or c.startswith(f"{key}.") for c in changes)
        }
        return Scenario(self.area, values, kept)

    def with_file(self, path: Path) -> Scenario:
        """Give a copy with the numbers of a file, each with its basis, in the place of ours.

        Parameters
        ----------
        path
            A TOML file like the area's, with only what is to change, such as ``fit`` writes.

        Raises
        ------
        UnknownName
            If it has a key that no scenario has.
        DefinitionError
            If it cannot be read, with every number without its basis, or if a value is impossible.
        """
        values, bases = read(file_bytes(path, most=_LARGEST), path.name)
        changed = self.with_values(dict(_leaves(values, bases)))
        return Scenario(self.area, changed.values, {**changed.bases, **bases})

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Scenario) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    def __reduce__(
        self,
    ) -> tuple[type[Scenario], tuple[Area, Mapping[str, Any], Mapping[str, Basis]]]:
        return Scenario, (self.area, self.values, self.bases)


def load_scenario(where: str | PathLike[str]) -> Scenario:
    """Load the base scenario of an area.

    Parameters
    ----------
    where
        The name of an area that ships, or the folder of one of your own.

    Raises
    ------
    UnknownName
        If it is neither.
    DefinitionError
        With every fault of all files of the folder.

    Examples
    --------
    >>> load_scenario("wujiang").teams.count
    2028
    """
    if isinstance(where, str) and where in area_names():
        return _shipped(where)
    return _loaded(where)


@cache
def _shipped(name: str) -> Scenario:
    return _loaded(name)


def _loaded(where: str | PathLike[str]) -> Scenario:
    """Load a scenario; whatever is wrong with it, by itself or in its area, is said once."""
    faults: list[Fault] = []
    area = attempt(faults, load_area, where)
    bare: list[Fault] = []
    found: list[Fault] = []
    given = attempt(found, lambda: read(scenario_bytes(where), "scenario.toml", bare))
    values, bases = given or ({}, {})
    _fill(values, bases)
    if area is not None and area.teams is not None:
        _count_teams(values, bases, len(area.teams), area.values["teams"])
    parts = attempt(found, structure, values, Parts, "scenario.toml") if given else None
    if parts is not None:
        found += scenario_faults(parts, area)
    faults += [
        one if one.place.startswith("area.toml") else one.inside("scenario.toml")
        for one in beside(bare, found)
    ]
    if area is None or faults:
        raise DefinitionError(str(where), faults)
    return Scenario(area, values, bases)


def _fill(values: dict[str, Any], bases: dict[str, Basis]) -> None:
    """Add what the file leaves out of the keys that it may leave out."""
    stated, their_bases = _defaults()
    for section, numbers in stated.items():
        ours = values.setdefault(section, {})
        for name, number in numbers.items():
            if isinstance(ours, dict) and name not in ours:
                ours[name] = number
                bases[f"{section}.{name}"] = their_bases[f"{section}.{name}"]


@cache
def _defaults() -> tuple[Mapping[str, Any], Mapping[str, Basis]]:
    file = resources.files("practice_core.simulation").joinpath("defaults.toml")
    return read(file.read_bytes(), "defaults.toml")


def _count_teams(values: dict[str, Any], bases: dict[str, Basis], count: int, table: str) -> None:
    """Say how many teams there are as their table does, whatever the file says."""
    if isinstance(values.get("teams"), dict):
        values["teams"]["count"] = count
        bases["teams.count"] = Basis(BasisKind.DERIVED, f"counted in {table}")


def _copy(node: Any) -> Any:  # noqa: ANN401 - a tree of plain values
    if isinstance(node, list):
        return [_copy(part) for part in node]
    return {k: _copy(v) for k, v in node.items()} if isinstance(node, dict) else node


_OF_A_MADE_UP_ROSTER = ("tier_shares", "lifted_share", "category_shares", "second_share")
_LARGEST = 1 << 20
"""Bytes of a file that are read; reading refuses far fewer."""


def _leaves(
    node: Mapping[str, Any], bases: Mapping[str, Basis], prefix: str = ""
) -> Iterable[tuple[str, Any]]:
    for name, part in node.items():
        key = f"{prefix}{name}"
        if isinstance(part, dict) and key not in bases:
            yield from _leaves(part, bases, f"{key}.")
        else:
            yield key, part


def _keys(node: Mapping[str, Any], prefix: str = "") -> Iterable[str]:
    for name, part in node.items():
        yield f"{prefix}{name}"
        if isinstance(part, dict):
            yield from _keys(part, f"{prefix}{name}.")
