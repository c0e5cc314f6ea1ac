"""Rules of service records as files: what counts, who confirms, how long records are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from practice_core.areas.local import HeadFile, Local, load_local, local_names, read_local
from practice_core.areas.tables import summed_up
from practice_core.errors import Fault, attempt
from practice_core.volunteers import Confirmer, RecordRules, ServiceRole, TimeUse

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from os import PathLike

    from practice_core.areas.files import Basis

__all__ = ["load_record_rules", "read_record_rules", "record_rules_names"]

_MOST = {
    "spans_a_day": 1_000,
    "activity_days": 36_525,
    "entry_days": 36_525,
    "notice_days": 36_525,
    "keep_years": 1_000,
    "role_minutes": 1_440,
}
_COUNTS = ("spans_a_day", "activity_days", "entry_days", "notice_days", "keep_years")


@attrs.frozen(kw_only=True)
class _RecordsFile(HeadFile):
    uncounted: dict[TimeUse, bool] = attrs.field(factory=dict)
    spans_a_day: int | None = None
    signs_daily: bool = False
    activity_days: int | None = None
    role_minutes: dict[ServiceRole, int] = attrs.field(factory=dict)
    confirmers: list[Confirmer] = attrs.field(factory=list)
    entry_days: int | None = None
    late_entry: bool = True
    notice_days: int | None = None
    keep_years: int | None = None


def record_rules_names() -> tuple[str, ...]:
    """Give the names of the rules of records that ship."""
    return local_names("records")


def load_record_rules(where: str | PathLike[str]) -> Local[RecordRules]:
    """Load rules of service records: some that ship, by name, or a file, as ``*.toml``.

    Raises
    ------
    UnknownName
        If it is neither.
    DefinitionError
        With every fault of the file, each at its line or key.

    Examples
    --------
    >>> china = load_record_rules("china").says
    >>> china.notice_days, china.keep_years
    (7, 10)
    """
    return load_local(where, "records", "record rules", read_record_rules)


def read_record_rules(raw: bytes, name: str) -> Local[RecordRules]:
    """Read rules from a file of this name; raises `DefinitionError` as `load_record_rules`."""
    return read_local(raw, name, _RecordsFile, _rules)


def _rules(file: _RecordsFile, _: Mapping[str, Basis]) -> RecordRules:
    faults = list(_number_faults(file))
    rules = attempt(
        faults,
        RecordRules,
        uncounted=frozenset(use for use, excluded in file.uncounted.items() if excluded),
        spans_a_day=file.spans_a_day,
        signs_daily=file.signs_daily,
        activity_days=file.activity_days,
        role_minutes=file.role_minutes,
        confirmers=tuple(file.confirmers),
        entry_days=file.entry_days,
        late_entry=file.late_entry,
        notice_days=file.notice_days,
        keep_years=file.keep_years,
    )
    if rules is None or faults:
        subject = "record rules"
        raise summed_up(subject, faults)
    return rules


def _number_faults(file: _RecordsFile) -> Iterator[Fault]:
    """Find what is far too large; that a number is 1 or more, the rules say."""
    numbers: dict[str, int | None] = {key: getattr(file, key) for key in _COUNTS}
    numbers |= {f"role_minutes.{role}": count for role, count in file.role_minutes.items()}
    for place, number in numbers.items():
        key = place.partition(".")[0]
        if number is not None and number > _MOST[key]:
            yield Fault(place, str(number), f"at most {_MOST[key]:,}", f"change {key}")
