"""A team as dispatching sees it, from a unit of the corps and its volunteers."""

from __future__ import annotations

from functools import reduce
from operator import and_
from typing import TYPE_CHECKING

from practice_core.errors import DefinitionError, Fault
from practice_core.volunteers.availability import free_members
from practice_core.volunteers.teams import Team

if TYPE_CHECKING:
    from collections.abc import Mapping

    from practice_core.units import Instant, SiteId, VolunteerId
    from practice_core.volunteers.corps import Unit
    from practice_core.volunteers.volunteer import Volunteer

__all__ = ["muster"]

_ADULT = 18


def muster(
    unit: Unit,
    volunteers: Mapping[VolunteerId, Volunteer],
    *,
    at: Instant,
    jobs_per_week: int,
    home: SiteId | None = None,
) -> Team:
    """Give the team of those of a unit who may serve at an instant.

    It has the skills, qualifications and insurance that all of them have, and is as old as the law
    can be sure of: a minor's age is not kept, so one minor makes the youngest 0 years old.

    Parameters
    ----------
    unit
        With its roster.
    volunteers
        By number, those of the roster among them, and none who is on the blacklist or whose
        registration has ended: that is not known here.
    at
        When qualifications and insurance must hold.
    jobs_per_week
        The most jobs it takes in one calendar week.
    home
        Where a unit without a site is at home.

    Raises
    ------
    DefinitionError
        If a volunteer is unknown, nobody may serve, or there is neither site nor home; for faults
        of `Team`.

    Examples
    --------
    >>> from practice_core.terms import Category
    >>> from practice_core.volunteers import ALWAYS, Unit, UnitLevel, Volunteer
    >>> law = Unit(
    ...     id="t-1",
    ...     level=UnitLevel.SERVICE_TEAM,
    ...     superior="c",
    ...     site="wj",
    ...     categories=(Category.LAW,),
    ...     roster=("v-1", "v-2"),
    ... )
    >>> ann = Volunteer(id="v-1", home="wj", adult=True, availability=ALWAYS)
    >>> minor = Volunteer(id="v-2", home="wj", adult=False)  # without a guardian's consent
    >>> team = muster(law, {"v-1": ann, "v-2": minor}, at=0, jobs_per_week=2)
    >>> team.members, team.free[0], team.youngest
    (1, 1, 18)
    """
    where = unit.site if home is None else home
    known = [volunteers[who] for who in unit.roster if who in volunteers]
    present = [one for one in known if one.may_serve]
    faults = []
    if len(known) < len(unit.roster):
        found = f"{len(unit.roster) - len(known)} unknown"
        faults.append(Fault("roster", found, "volunteers that are known", "register them"))
    if not present:
        faults.append(Fault("roster", "nobody who may serve", "1 or more", "ask for consents"))
    if where is None:
        faults.append(Fault("home", "neither site nor home", "the id of a site", "name a home"))
    if faults or where is None:
        subject = f"team {unit.id}"
        raise DefinitionError(subject, faults)
    adults = all(one.adult for one in present)
    return Team(
        unit.id,
        where,
        unit.categories,
        members=len(present),
        jobs_per_week=jobs_per_week,
        free=free_members(one.availability for one in present),
        skills=reduce(and_, (one.skills for one in present)),
        qualifications=reduce(and_, (one.licensed_for(at) for one in present)),
        youngest=_ADULT if adults else 0,
        guardians=not adults,
        insured=all(one.is_insured(at) for one in present),
    )
