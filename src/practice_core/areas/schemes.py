"""Points rules as files: what a file may say of a scheme, version by version, and those that ship.

A scheme stands in a file of its own, or in the section ``[points]`` of an area's ``area.toml``. In
a file of its own everything that a version says also says what it rests on.
"""

from __future__ import annotations

import datetime as dt
from fractions import Fraction  # noqa: TC003 - cattrs reads the fields' types
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import attrs

from practice_core.areas.files import (
    Basis,
    BasisKind,
    beside,
    read,
    shipped,
    structure,
)
from practice_core.areas.local import Head, HeadFile, head_faults, head_of
from practice_core.areas.tables import summed_up
from practice_core.errors import DefinitionError, Fault, attempt
from practice_core.points import (
    AccountScope,
    Benefit,
    BenefitKind,
    EventPoints,
    Expiry,
    Occasion,
    Passing,
    Period,
    RoleBonus,
    Rounding,
    RuleSet,
    StarLevel,
    in_force,
)
from practice_core.terms import Category  # noqa: TC001 - cattrs reads the fields' types
from practice_core.units import HOUR, instant, is_identifier
from practice_core.volunteers import ServiceRole  # noqa: TC001 - cattrs reads the fields' types

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from importlib.resources.abc import Traversable

    from practice_core.units import Duration, Instant

__all__ = [
    "PointsFile",
    "Scheme",
    "VersionFile",
    "bases_below",
    "read_rules",
    "rule_set",
    "scheme_files",
]

_CHINA = 8 * HOUR
_MOST_VERSIONS = 100
_MOST_HOURS = 1_000_000
_LENGTHS = {
    "levels": 40,
    "benefits": 40,
    "redeem_months": 12,
    "redeem_days": 31,
    "grade_coefficient": 3,
}
"""The most parts of each list."""
_BARE = {"effective", "source"}
"""What a version says without a basis: when it begins, and where it stands."""
_UNSAID = {
    "quantum_minutes": Basis(BasisKind.ASSUMED, "the file says nothing: 0.1 h, as records have it"),
    "rounding": Basis(BasisKind.ASSUMED, "the file says nothing: the rest of a step is dropped"),
}
"""What the usual rests on, where a file leaves something out that every award needs."""
_KEYS = {"quantum": "quantum_minutes", "redeem_min_minutes": "redeem_min_hours"}
"""What a file calls a field of a rule set, where it is not the same."""


@attrs.frozen(kw_only=True)
class _BonusFile:
    points: int = 0
    minutes: int = 0


@attrs.frozen(kw_only=True)
class _EventFile:
    points: int
    most: int | None = None
    per: Period = Period.LIFETIME


@attrs.frozen(kw_only=True)
class _LevelFile:
    zh: str
    en: str
    hours: int | None = None
    points: int | None = None
    community_hours: int | None = None
    registered_months: int | None = None


@attrs.frozen(kw_only=True)
class _BenefitFile:
    id: str
    zh: str
    en: str
    kind: BenefitKind
    level: int | None = None
    hours: int | None = None
    hours_per: Period = Period.LIFETIME
    every_hours: int | None = None
    per: Period | None = None
    yuan: int | None = None


@attrs.frozen(kw_only=True)
class VersionFile:
    """One version of a scheme, as a file says it; what each key means is said with `RuleSet`."""

    effective: str
    source: str = ""
    rate_per_hour: Fraction | None = None
    per_service: int | None = None
    quantum_minutes: int | None = None
    rounding: Rounding | None = None
    category_coefficient: dict[Category, Fraction] = attrs.field(factory=dict)
    grade_coefficient: list[Fraction] = attrs.field(factory=list)
    roles: dict[ServiceRole, _BonusFile] = attrs.field(factory=dict)
    events: dict[Occasion, _EventFile] = attrs.field(factory=dict)
    received_debit: int | None = None
    no_show_penalty: int | None = None
    no_show_limit_per_year: int | None = None
    malicious_limit_per_year: int | None = None
    misconduct_limit: int | None = None
    year_debt_ends: bool | None = None
    lifetime_debt_ends: bool | None = None
    max_minutes_per_activity: int | None = None
    max_minutes_per_day: int | None = None
    max_points_per_day: int | None = None
    max_points_per_year: int | None = None
    storage_cap: int | None = None
    zero_on_complaint: bool | None = None
    claim_window_days: int | None = None
    audit_required: bool | None = None
    publicity_days: int | None = None
    redeem_min_points: int | None = None
    redeem_min_hours: int | None = None
    redeem_months: list[int] = attrs.field(factory=list)
    redeem_days: list[int] = attrs.field(factory=list)
    redeem_quota: int | None = None
    redeem_quota_per: Period | None = None
    expiry: Expiry | None = None
    expiry_months: int | None = None
    passing: Passing | None = None
    account_scope: AccountScope | None = None
    refundable: bool | None = None
    pickup_code: bool | None = None
    pickup_deadline_days: int | None = None
    cents_per_point: int | None = None
    help_points_per_hour: int | None = None
    levels: list[_LevelFile] = attrs.field(factory=list)
    levels_per: Period | None = None
    demotion: bool | None = None
    benefits: list[_BenefitFile] = attrs.field(factory=list)
    benefit_quota: int | None = None
    benefit_quota_per: Period | None = None
    benefits_add_up: bool | None = None


@attrs.frozen(kw_only=True)
class PointsFile(VersionFile):
    """The section ``[points]`` of an area: one version, and which."""

    id: str
    version: int
    source: str


@attrs.frozen(kw_only=True)
class _SchemeFile(HeadFile):
    versions: list[VersionFile]


@attrs.frozen(kw_only=True)
class Scheme(Head):
    """A points scheme: whose it is, what publishes it, and its rules, version by version.

    Parameters
    ----------
    versions
        Its rules, by the instant from which on they hold.
    bases
        What each says rests on, by dotted key, for each version.
    """

    versions: tuple[RuleSet, ...]
    bases: tuple[Mapping[str, Basis], ...] = attrs.field(repr=False)

    def in_force(self, at: Instant) -> RuleSet | None:
        """Give the version that holds at an instant; None before the first."""
        return in_force(self.versions, at)

    def basis(self, key: str, version: int = -1) -> Basis | None:
        """Give what a dotted key rests on, as far as that is said.

        Parameters
        ----------
        key
            As in the file, such as ``"events.referral.points"``.
        version
            Place of the version; the latest unless said.
        """
        return self.bases[version].get(key, _UNSAID.get(key))


def scheme_files() -> Mapping[str, Traversable]:
    """Give the files of the schemes that ship outside an area, by name."""
    return shipped("points")


def read_rules(raw: bytes, name: str) -> Scheme:
    """Read a scheme that has a file of its own.

    Parameters
    ----------
    raw
        The bytes of the file.
    name
        Of the file, for messages.

    Raises
    ------
    DefinitionError
        With every fault of the file, each at its line or key: the first 20 and how many more.
    """
    bare: list[Fault] = []
    values, bases = read(raw, name, bare)
    bare += _unbased(values, bases)
    others: list[Fault] = []
    file = attempt(others, structure, values, _SchemeFile, name)
    versions: list[RuleSet | None] = []
    if file is not None:
        others += head_faults(file, "what publishes the rules, or that they are your own")
        if not 1 <= len(file.versions) <= _MOST_VERSIONS:
            count, expected = f"{len(file.versions)} versions", f"1 to {_MOST_VERSIONS}"
            others.append(Fault("versions", count, expected, "give what holds, each with its date"))
        for n, version in enumerate(file.versions[:_MOST_VERSIONS]):
            found: list[Fault] = []
            source = version.source or file.document
            # What is wrong with the names is said once.
            known = (file.id if is_identifier(file.id) else "scheme", n + 1, source or "unnamed")
            versions.append(attempt(found, rule_set, version, known, _CHINA))
            others += _below(f"versions[{n}]", found)
        others += _order_faults(versions)
    found = beside(bare, others)
    if file is None or found:
        raise summed_up(name, [fault.inside(name) for fault in found])
    return Scheme(
        **head_of(file),
        versions=tuple(version for version in versions if version is not None),
        bases=tuple(bases_below(bases, f"versions[{n}].") for n in range(len(versions))),
    )


def rule_set(found: VersionFile, known: tuple[str, int, str], offset: Duration) -> RuleSet:
    """Build a rule set from what a file says of a version.

    Parameters
    ----------
    found
        What the file says.
    known
        Id, number and source of the version.
    offset
        Local time east of UTC, in ms.

    Raises
    ------
    DefinitionError
        With every fault, each at its key.
    """
    faults = list(_length_faults(found))
    if faults:  # what is far too long is not looked into
        raise summed_up("points", faults)
    faults = list(_hour_faults(found))
    effective = attempt(faults, _date, found.effective, offset)
    others: list[Fault] = []
    left_out = {"id", "version", "source", "effective", "rate_per_hour", "per_service", "rounding"}
    left_out |= {*_KEYS.values(), "grade_coefficient", "roles", "events", "levels"}
    left_out |= {"redeem_months", "redeem_days", "benefits"}
    same: dict[str, Any] = {
        field.name: getattr(found, field.name)
        for field in attrs.fields(VersionFile)
        if field.name not in left_out
    }
    if found.quantum_minutes is not None:
        same["quantum"] = found.quantum_minutes
    rules = attempt(
        others,
        RuleSet,
        id=known[0],
        version=known[1],
        source=known[2],
        effective=effective or 0,
        offset=offset,
        rate_per_hour=0 if found.rate_per_hour is None else found.rate_per_hour,
        per_service=found.per_service or 0,
        rounding=found.rounding or Rounding.FLOOR,
        grade_coefficient=tuple(found.grade_coefficient),
        roles={
            role: RoleBonus(points=one.points, minutes=one.minutes)
            for role, one in found.roles.items()
        },
        events={
            occasion: EventPoints(points=one.points, most=one.most, per=one.per)
            for occasion, one in found.events.items()
        },
        redeem_min_minutes=_minutes(found.redeem_min_hours),
        redeem_months=tuple(found.redeem_months),
        redeem_days=tuple(found.redeem_days),
        levels=tuple(
            StarLevel(
                zh=one.zh,
                en=one.en,
                minutes=_minutes(one.hours),
                points=one.points,
                community_minutes=_minutes(one.community_hours),
                registered_months=one.registered_months,
            )
            for one in found.levels
        ),
        benefits=tuple(map(_benefit, found.benefits)),
        **same,
    )
    faults = beside(faults, map(_renamed, others))
    if rules is None or faults:
        raise summed_up("points", faults)
    return rules


def _minutes(hours: int | None) -> int | None:
    return None if hours is None else hours * 60


def _benefit(found: _BenefitFile) -> Benefit:
    return Benefit(
        id=found.id,
        zh=found.zh,
        en=found.en,
        kind=found.kind,
        level=found.level,
        minutes=_minutes(found.hours),
        minutes_per=found.hours_per,
        every=_minutes(found.every_hours),
        per=found.per,
        yuan=found.yuan,
    )


def bases_below(bases: Mapping[str, Basis], prefix: str) -> dict[str, Basis]:
    """Give the bases of the keys that begin so, without the beginning."""
    return {
        key.removeprefix(prefix): basis for key, basis in bases.items() if key.startswith(prefix)
    }


def _below(section: str, faults: Iterable[Fault]) -> list[Fault]:
    return [attrs.evolve(fault, place=f"{section}.{fault.place}") for fault in faults]


def _renamed(fault: Fault) -> Fault:
    """Give a fault of a rule set at the key of the file."""
    key = _KEYS.get(fault.place, fault.place)
    if key.startswith("levels["):
        key = key.replace("minutes", "hours")
    if key.startswith("benefits["):
        key = key.replace(".minutes", ".hours").replace(".every", ".every_hours")
    return attrs.evolve(fault, place=key, remedy=fault.remedy.replace(fault.place, key))


def _date(text: str, offset: Duration) -> Instant:
    """Read a date as its local midnight."""
    try:
        day = dt.date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or day.isoformat() != text:
        fault = Fault("effective", repr(text), "YYYY-MM-DD", "give the date")
        raise DefinitionError("points", (fault,))
    zone = dt.timezone(dt.timedelta(milliseconds=offset))
    return instant(dt.datetime(day.year, day.month, day.day, tzinfo=zone))


def _order_faults(versions: Iterable[RuleSet | None]) -> Iterator[Fault]:
    known = [(n, version) for n, version in enumerate(versions) if version is not None]
    for (_, before), (n, version) in pairwise(known):
        if version.effective <= before.effective:
            place, expected = f"versions[{n}].effective", "a later date than the version before"
            yield Fault(place, "no later date", expected, "order the versions by date")


def _length_faults(found: VersionFile) -> Iterator[Fault]:
    for key, most in _LENGTHS.items():
        parts = getattr(found, key)
        if len(parts) > most:
            yield Fault(key, f"{len(parts)} parts", f"at most {most}", f"shorten {key}")


def _hour_faults(found: VersionFile) -> Iterator[Fault]:
    """Find hours that are impossible, before they are minutes."""
    hours = {"redeem_min_hours": found.redeem_min_hours}
    for key, parts in (("levels", found.levels), ("benefits", found.benefits)):
        for n, part in enumerate(parts):
            for name in ("hours", "community_hours", "every_hours"):
                hours[f"{key}[{n}].{name}"] = getattr(part, name, None)
    for key, count in hours.items():
        if count is not None and not 1 <= count <= _MOST_HOURS:
            expected = f"1 to {_MOST_HOURS:,}"
            yield Fault(key, str(count), expected, f"change {key.rpartition('.')[2]}")


def _unbased(values: Mapping[str, Any], bases: Mapping[str, Basis]) -> Iterator[Fault]:
    """Find what a version says without saying what it rests on."""
    versions = values.get("versions")
    for n, version in enumerate(versions if isinstance(versions, list) else ()):
        for key in _keys(version) if isinstance(version, dict) else ():
            place = f"versions[{n}].{key}"
            if not any(one == place or one.startswith((f"{place}.", f"{place}[")) for one in bases):
                expected = '{ value = ..., basis = "..." }'
                yield Fault(place, "a choice without a basis", expected, "say what it rests on")


def _keys(version: Mapping[str, Any]) -> Iterator[str]:
    """Give the keys of a version that need a basis."""
    for key, node in version.items():
        if key in {"roles", "events"} and isinstance(node, dict):
            for name, part in node.items():
                inner = part if isinstance(part, dict) else {}
                yield from (f"{key}.{name}.{one}" for one in inner)
        elif key not in _BARE:
            yield key
