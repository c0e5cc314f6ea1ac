"""When a volunteer can serve: a set of the blocks of a week."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import attrs

from practice_core.errors import DefinitionError, Fault
from practice_core.volunteers.teams import BLOCKS_A_DAY, BLOCKS_A_WEEK

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["ALWAYS", "NEVER", "Availability", "free_members"]


@attrs.frozen
class Availability:
    """The blocks of a week in which somebody is free, Monday morning being block 0.

    ``|`` gives what either is free in, ``&`` what both are; with these it is the Boolean algebra
    of sets, `NEVER` at the bottom and `ALWAYS` at the top.

    Parameters
    ----------
    blocks
        From 0 to 20: three a day, morning, afternoon and evening.

    Raises
    ------
    DefinitionError
        If a block is outside a week.

    Examples
    --------
    >>> evenings = Availability.of(days=range(5), parts=[2])
    >>> saturday = Availability.of(days=[5])
    >>> len(evenings | saturday), evenings & saturday == NEVER
    (8, True)
    """

    blocks: frozenset[int]

    def __attrs_post_init__(self) -> None:
        odd = sorted(block for block in self.blocks if not 0 <= block < BLOCKS_A_WEEK)
        if odd:
            expected = f"blocks from 0 to {BLOCKS_A_WEEK - 1}"
            fault = Fault("availability", repr(odd), expected, "count from Monday morning on")
            subject = "availability"
            raise DefinitionError(subject, (fault,))

    @classmethod
    def of(cls, days: Iterable[int], parts: Iterable[int] = range(BLOCKS_A_DAY)) -> Availability:
        """Give the same parts of each of some days (Monday is 0, Sunday 6; morning is 0).

        Raises
        ------
        DefinitionError
            If a part is outside its day, or a day outside the week.
        """
        chosen = tuple(parts)
        odd = sorted(part for part in chosen if not 0 <= part < BLOCKS_A_DAY)
        if odd:
            expected = "0 for morning, 1 for afternoon, 2 for evening"
            fault = Fault("availability", f"parts {odd!r}", expected, "renumber the parts")
            subject = "availability"
            raise DefinitionError(subject, (fault,))
        return cls(frozenset(day * BLOCKS_A_DAY + part for day in days for part in chosen))

    def __or__(self, other: Availability) -> Availability:
        return Availability(self.blocks | other.blocks)

    def __and__(self, other: Availability) -> Availability:
        return Availability(self.blocks & other.blocks)

    def __contains__(self, block: object) -> bool:
        """Tell whether somebody is free in a block."""
        return block in self.blocks

    def __iter__(self) -> Iterator[int]:
        """Go through the blocks of the week."""
        return iter(sorted(self.blocks))

    def __len__(self) -> int:
        """Count the blocks."""
        return len(self.blocks)


NEVER = Availability(frozenset())
ALWAYS = Availability(frozenset(range(BLOCKS_A_WEEK)))


def free_members(members: Iterable[Availability]) -> tuple[int, ...]:
    """Count those who are free in each block of a week, as `Team.free` has it.

    Examples
    --------
    >>> weekend = Availability.of(days=[5, 6])
    >>> free_members([weekend, ALWAYS])[-7:]
    (1, 2, 2, 2, 2, 2, 2)
    """
    count = Counter(block for one in members for block in one)
    return tuple(count[block] for block in range(BLOCKS_A_WEEK))
