"""Patterns of corps as files: 1+N, 1822, 1+11+X, 8+N, and what each number stands for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from practice_core.areas.files import text_faults
from practice_core.areas.local import HeadFile, Local, load_local, local_names, read_local
from practice_core.areas.tables import summed_up
from practice_core.hierarchy import Level  # noqa: TC001 - cattrs reads the fields' types
from practice_core.terms import Category  # noqa: TC001 - cattrs reads the fields' types
from practice_core.volunteers import CorpsPlan, Office, Part, UnitLevel

if TYPE_CHECKING:
    from collections.abc import Mapping
    from os import PathLike

    from practice_core.areas.files import Basis

__all__ = ["corps_names", "load_corps", "read_corps"]


@attrs.frozen(kw_only=True)
class _PartFile:
    zh: str
    en: str
    level: UnitLevel
    sign: str = ""
    leader: Office = Office.UNIT_HEAD
    at: Level | None = None
    count: int = 1
    categories: list[list[Category]] = attrs.field(factory=list)


@attrs.frozen(kw_only=True)
class _CorpsFile(HeadFile):
    pattern: str
    parts: list[_PartFile]


def corps_names() -> tuple[str, ...]:
    """Give the names of the patterns of corps that ship."""
    return local_names("corps")


def load_corps(where: str | PathLike[str]) -> Local[CorpsPlan]:
    """Load the pattern of an area's corps: one that ships, by name, or a file, as ``*.toml``.

    Raises
    ------
    UnknownName
        If it is neither.
    DefinitionError
        With every fault of the file, each at its line or key.

    Examples
    --------
    >>> from practice_core.areas import load_area
    >>> from practice_core.volunteers import build_corps
    >>> wujiang = load_corps("wujiang")
    >>> wujiang.says.pattern, wujiang.basis("parts[1].at").kind.value
    ('1+11+X', 'published')
    >>> build_corps(wujiang.says, load_area("wujiang").hierarchy())
    <Corps wj-corps-1: corps 1, detachment 19>
    """
    return load_local(where, "corps", "corps pattern", read_corps)


def read_corps(raw: bytes, name: str) -> Local[CorpsPlan]:
    """Read a pattern from a file of this name; raises `DefinitionError` as `load_corps` does."""
    return read_local(raw, name, _CorpsFile, _plan)


def _plan(file: _CorpsFile, _: Mapping[str, Basis]) -> CorpsPlan:
    faults = [
        fault
        for n, part in enumerate(file.parts)
        for key in ("zh", "en")
        for fault in text_faults(f"parts[{n}].{key}", getattr(part, key))
    ]
    if faults:
        raise summed_up("corps", faults)
    return CorpsPlan(
        pattern=file.pattern,
        parts=tuple(
            Part(
                sign=part.sign,
                level=part.level,
                leader=part.leader,
                at=part.at,
                count=part.count,
                categories=tuple(map(tuple, part.categories)),
                zh=part.zh,
                en=part.en,
            )
            for part in file.parts
        ),
    )
