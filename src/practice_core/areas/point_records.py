"""A record as a file, so that its award can be explained: what was done, and earned before.

No number of it needs a basis: it tells of one case.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from practice_core.areas.files import beside, read_plain, structure
from practice_core.areas.inputs import LARGEST_TEXT, file_bytes
from practice_core.areas.tables import summed_up
from practice_core.errors import DefinitionError, Fault, attempt
from practice_core.points import History, Occasion, OccasionRecord
from practice_core.terms import Category  # noqa: TC001 - cattrs reads the fields' types
from practice_core.units import HOUR, Duration, Instant, OrderId, VolunteerId, instant
from practice_core.volunteers import ServiceRecord, ServiceRole

if TYPE_CHECKING:
    from collections.abc import Iterator
    from os import PathLike

__all__ = ["load_record", "read_record"]

_CHINA: Duration = 8 * HOUR
_WHO, _WHERE = VolunteerId("volunteer"), OrderId("activity")
_MOST_MINUTES, _MOST_POINTS, _MOST_COUNT = 2**31 - 1, 10**9, 10**6
_OF_SERVICE = ("minutes", "category", "grade", "role", "complaint", "claimed")
_EARLIEST, _LATEST = 1970, 9000


@attrs.frozen(kw_only=True)
class _BeforeFile:
    activity_minutes: int = 0
    day_minutes: int = 0
    day_points: int = 0
    year_points: int = 0
    balance: int = 0
    occasion_points: int = 0


@attrs.frozen(kw_only=True)
class _RecordFile:
    at: str
    minutes: int | None = None
    category: Category | None = None
    grade: int | None = None
    role: ServiceRole | None = None
    complaint: bool | None = None
    claimed: str | None = None
    occasion: Occasion | None = None
    count: int | None = None
    before: _BeforeFile = attrs.field(factory=_BeforeFile)


def load_record(
    where: str | PathLike[str], offset: Duration = _CHINA
) -> tuple[ServiceRecord | OccasionRecord, History]:
    """Load a record, and what its person had earned before.

    Parameters
    ----------
    where
        The file. A service has ``minutes``, anything else that earns or costs points an
        ``occasion``; ``at`` is its local time; ``[before]`` holds the fields of `History`.
    offset
        Local time east of UTC, in ms.

    Raises
    ------
    DefinitionError
        With every fault of the file, each at its line or key.
    """
    path = Path(where)
    return read_record(file_bytes(path, most=LARGEST_TEXT), path.name, offset)


def read_record(
    raw: bytes, name: str, offset: Duration = _CHINA
) -> tuple[ServiceRecord | OccasionRecord, History]:
    r"""Read a record from the bytes of a file: see `load_record`.

    Examples
    --------
    >>> record, before = read_record(b'at = "2025-08-02"\noccasion = "referral"', "record.toml")
    >>> record.occasion.value, record.count, before.balance
    ('referral', 1, 0)
    """
    bare: list[Fault] = []
    values = read_plain(raw, name, bare)
    others: list[Fault] = []
    file = attempt(others, structure, values, _RecordFile, name)
    at = claimed = None
    if file is not None:
        others += [*_kind_faults(file), *_number_faults(file)]
        at = attempt(others, _instant, "at", file.at, offset)
        claimed = file.claimed and attempt(others, _instant, "claimed", file.claimed, offset)
    found = beside(bare, others)
    if file is None or at is None or found:
        raise summed_up(name, [fault.inside(name) for fault in found])
    before = History(**attrs.asdict(file.before))
    if file.occasion is not None:
        count = 1 if file.count is None else file.count
        return OccasionRecord(_WHO, file.occasion, at, count), before
    record = ServiceRecord(
        _WHO,
        _WHERE,
        at,
        file.minutes or 0,
        file.category,
        file.grade,
        file.role,
        complaint=bool(file.complaint),
        claimed=claimed or None,
    )
    return record, before


def _kind_faults(file: _RecordFile) -> Iterator[Fault]:
    if (file.minutes is None) == (file.occasion is None):
        found = "nothing" if file.minutes is None else "both of them"
        yield Fault("minutes", found, "minutes of service or an occasion", "give one of the two")
    elif file.occasion is not None:
        for key in _OF_SERVICE:
            if getattr(file, key) is not None:
                yield Fault(key, "beside an occasion", "services to have it", f"remove {key}")
    elif file.count is not None:
        yield Fault("count", "beside a service", "occasions to have it", "remove count")


def _number_faults(file: _RecordFile) -> Iterator[Fault]:
    numbers = {"minutes": (file.minutes, _MOST_MINUTES), "count": (file.count, _MOST_COUNT)}
    for key, (number, most) in numbers.items():
        least = 1 if key == "count" else 0
        if number is not None and not least <= number <= most:
            yield Fault(key, str(number), f"{least} to {most:,}", f"change {key}")
    if file.grade not in {None, 1, 2, 3}:
        yield Fault("grade", str(file.grade), "1, 2 or 3", "change grade")
    for key, number in attrs.asdict(file.before).items():
        least = -_MOST_POINTS if key == "balance" else 0
        if not least <= number <= _MOST_POINTS:
            expected = f"{least:,} to {_MOST_POINTS:,}"
            yield Fault(f"before.{key}", str(number), expected, f"change {key}")


def _instant(key: str, text: str, offset: Duration) -> Instant:
    """Read a local time, ``2025-08-02`` or ``2025-08-02T11:30``."""
    try:
        local = dt.datetime.fromisoformat(text)
    except ValueError:
        local = None
    if (
        local is None
        or not _EARLIEST <= local.year <= _LATEST
        or text not in {local.date().isoformat(), f"{local:%Y-%m-%dT%H:%M}"}
    ):
        remedy = "give the local time"
        fault = Fault(key, repr(text), "YYYY-MM-DD or YYYY-MM-DDTHH:MM", remedy)
        raise DefinitionError(key, (fault,))
    zone = dt.timezone(dt.timedelta(milliseconds=offset))
    return instant(local.replace(tzinfo=zone))
