"""Volunteers by opaque number: what they can, may and want, and nothing that says who they are."""

from __future__ import annotations

import datetime as dt
import enum
import re
from typing import TYPE_CHECKING

import attrs

from practice_core.errors import DefinitionError, Fault
from practice_core.units import is_identifier
from practice_core.volunteers.availability import NEVER, Availability

if TYPE_CHECKING:
    from collections.abc import Iterator

    from practice_core.units import Instant, SiteId, VolunteerId

__all__ = ["Qualification", "Volunteer", "VolunteerStatus", "opaque_faults"]

_IDENTITY = re.compile(r"(?<![0-9])[1-9][0-9]{5}([0-9]{8})[0-9]{3}[0-9Xx](?![0-9])")
"""GB 11643-1999: six digits of a place, eight of the birth date, three of an order, one check."""
_MOBILE = re.compile(r"(?<![0-9])(?:(?:00)?86)?1[3-9][0-9]{9}(?![0-9])")
_SEPARATORS = re.compile(r"[\s._:+-]")
_REMEDY = "give the volunteer number of the platform, or one made for the purpose"
_IDENTIFIER = "1 to 64 of A-Za-z0-9._:-, first a letter or digit"
_LIVING = range(1880, 2100)


class VolunteerStatus(enum.StrEnum):
    """Whether somebody wants to be asked; the end of a registration is not of this."""

    ACTIVE = "active"
    PAUSED = "paused"
    """Has asked to be left alone for a while."""


@attrs.frozen
class Qualification:
    """What the law asks of whoever does certain work (条例 art. 16).

    Parameters
    ----------
    name
        Such as ``lawyer``, as in the conditions of an order.
    until
        When it ends; None: it does not.
    """

    name: str
    until: Instant | None = None


@attrs.frozen(kw_only=True)
class Volunteer:
    """A volunteer.

    A name, a telephone or an identity number has no field here, and is refused where the number
    stands.

    Parameters
    ----------
    id
        The opaque number.
    home
        The site at which the volunteer is registered.
    adult
        Whether of age: a birth date would say who it is.
    guardian_consents
        For a minor, whether a guardian has consented.
    skills
        What the volunteer was trained in.
    qualifications
        What the volunteer is licensed for.
    insured_until
        Until when insured against the dangers of a service (条例 art. 17); None: not insured.
    availability
        The blocks of a week in which the volunteer can serve.
    status
        Whether the volunteer wants to be asked.

    Raises
    ------
    DefinitionError
        With every fault. What looks like a person's own number is not repeated in it.

    Examples
    --------
    >>> ann = Volunteer(id="v-1", home="wj-s001", adult=True, skills=frozenset({"first_aid"}))
    >>> ann.may_serve, ann.is_insured(at=0)
    (True, False)
    >>> Volunteer(id="13800138000", home="wj-s001", adult=True)
    Traceback (most recent call last):
    practice_core.errors.DefinitionError: volunteer: 1 fault
      volunteer: id: what looks like a mobile number; expected an opaque number; give ...
    """

    id: VolunteerId
    home: SiteId
    adult: bool
    guardian_consents: bool = False
    skills: frozenset[str] = frozenset()
    qualifications: tuple[Qualification, ...] = ()
    insured_until: Instant | None = None
    availability: Availability = NEVER
    status: VolunteerStatus = VolunteerStatus.ACTIVE

    def __attrs_post_init__(self) -> None:
        faults = tuple(self._faults())
        if faults:
            subject = "volunteer"
            raise DefinitionError(subject, faults)

    @property
    def may_serve(self) -> bool:
        """Whether the volunteer may be asked to serve at all: active, and of age or with consent.

        What an order asks for besides, its conditions say: see `practice_core.orders`.
        """
        of_age = self.adult or self.guardian_consents
        return self.status is VolunteerStatus.ACTIVE and of_age

    def is_insured(self, at: Instant) -> bool:
        """Tell whether the volunteer is insured at an instant."""
        return self.insured_until is not None and at < self.insured_until

    def licensed_for(self, at: Instant) -> frozenset[str]:
        """Give the qualifications that hold at an instant."""
        return frozenset(
            one.name for one in self.qualifications if one.until is None or at < one.until
        )

    def _faults(self) -> Iterator[Fault]:
        yield from opaque_faults("volunteer: id", self.id)
        given = [one.name for one in self.qualifications]
        words: dict[str, list[str]] = {
            "home": [self.home],
            "skills": sorted(self.skills),
            "qualifications": given,
        }
        for key, names in words.items():
            for name in names:
                if not is_identifier(name):
                    yield Fault(f"volunteer: {key}", repr(name), _IDENTIFIER, "rename it")
        for name in sorted({name for name in given if given.count(name) > 1}):
            place, found = "volunteer: qualifications", f"{name!r} twice"
            yield Fault(place, found, "each once", "keep the one that holds longest")
        if self.adult and self.guardian_consents:
            place, found = "volunteer: guardian_consents", "consent for an adult"
            yield Fault(place, found, "none", "adults consent themselves")


def opaque_faults(place: str, text: str) -> Iterator[Fault]:
    """Find what is wrong with an id that must not say who somebody is.

    Refused are an identity number of 18 signs (anything so built around a possible birth date,
    whether or not its check digit is right) and a mobile number of 11 digits, alone, within the id,
    or with separators between; and what is no id. The text is not repeated.

    Parameters
    ----------
    place
        Where it stands, for the fault.
    text
        The id.

    Examples
    --------
    >>> [fault.found for fault in opaque_faults("volunteers.csv:7", "320584-19900230-1234")]
    []
    >>> [fault.found for fault in opaque_faults("volunteers.csv:7", "320584-19900228-1234")]
    ['what looks like an identity number']
    >>> [fault.found for fault in opaque_faults("volunteers.csv:7", "王小明")]
    ['3 signs that are no opaque number']
    """
    joined = _SEPARATORS.sub("", text)
    if any(_is_identity(one) for one in (text, joined)):
        found = "what looks like an identity number"
    elif _MOBILE.search(text) or _MOBILE.search(joined):
        found = "what looks like a mobile number"
    elif not is_identifier(text):
        count = f"{len(text)} sign{'' if len(text) == 1 else 's'}"
        found = f"{count} that are no opaque number" if text else "no number"
        yield Fault(place, found, _IDENTIFIER, _REMEDY)
        return
    else:
        return
    yield Fault(place, found, "an opaque number", _REMEDY)


def _is_identity(text: str) -> bool:
    return any(_is_birth_date(found[1]) for found in _IDENTITY.finditer(text))


def _is_birth_date(digits: str) -> bool:
    try:
        day = dt.date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return False
    return day.year in _LIVING
