"""Patterns of corps as files, 1+N, 1822, 1+11+X, 8+N; and a county's own units as a table."""

from __future__ import annotations

import enum
import re
import unicodedata
from typing import TYPE_CHECKING, TypeVar

import attrs

from practice_core.areas.inputs import sheet_text
from practice_core.areas.local import (
    HeadFile,
    Local,
    load_local,
    local_names,
    part_faults,
    read_local,
)
from practice_core.areas.tables import Account, Columns, quoted, spelt, summed_up, table
from practice_core.errors import DefinitionError
from practice_core.hierarchy import Level  # noqa: TC001 - cattrs reads the fields' types
from practice_core.terms import Category, term
from practice_core.units import SiteId, TeamId
from practice_core.volunteers import Corps, CorpsPlan, Office, Part, Unit, UnitKind, UnitLevel

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from os import PathLike

    from practice_core.areas.files import Basis
    from practice_core.hierarchy import Hierarchy

__all__ = ["corps_names", "load_corps", "read_corps", "read_units"]

Member = TypeVar("Member", bound=enum.StrEnum)

_UNITS = Columns(
    {
        "id": ("id", "编号"),
        "level": ("level", "层级", "级别"),
        "superior": ("superior", "上级"),
        "site": ("site", "阵地", "所属"),
        "kind": ("kind", "类型"),
        "categories": ("categories", "类别"),
        "leader": ("leader", "负责人", "负责人职务"),
    },
    optional=("superior", "site", "kind", "categories", "leader"),
)
_BETWEEN = re.compile(r"[;、|,]")


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
    faults = part_faults("parts", file.parts)
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


def read_units(raw: bytes, name: str, hierarchy: Hierarchy) -> Corps:
    r"""Read a county's own corps: CSV, a row for each unit.

    Columns, in any order, in English or Chinese: ``id`` 编号 and ``level`` 层级; ``superior`` 上级,
    ``site`` 阵地, ``kind`` 类型, ``categories`` 类别, ``leader`` 负责人 or not. Superior and site
    are ids. Level, kind, categories and leader are identifiers or words of the vocabulary; a
    leader is an office, never a person. A unit without a kind is functional if it has categories
    and no site. Rosters stand in no table: they change too often, and belong to the platform.

    Parameters
    ----------
    raw
        The bytes of the file: UTF-8 or GB 18030, as spreadsheets save it.
    name
        Of the file, for messages.
    hierarchy
        The sites at which units are at home.

    Raises
    ------
    DefinitionError
        With file and line of the first 20 faults and the number of the others: of the cells or,
        once they can be read, of the tree.

    Examples
    --------
    >>> from practice_core.hierarchy import Hierarchy, Level, Site
    >>> sites = Hierarchy([Site("c", "中心", Level.CENTER, None, 119.6, 31.7, synthetic=True)])
    >>> sheet = "编号,层级,上级,阵地,类别\nu,总队,,c,\nlaw,支队,u,,法律服务\n"
    >>> corps = read_units(sheet.encode(), "corps.csv", sites)
    >>> corps, corps.unit("law").kind.value
    (<Corps u: corps 1, detachment 1>, 'functional')
    """
    account = Account(name)
    units: list[Unit] = []
    places: dict[TeamId, str] = {}
    for line, cells in table(sheet_text(raw, name), account, _UNITS):
        unit = _unit(cells, line, account)
        if unit is not None:
            units.append(unit)
            places.setdefault(unit.id, f"{name}:{line}")
    account.refuse()
    try:
        return Corps(units, hierarchy, places)
    except DefinitionError as error:
        raise summed_up(name, [fault.inside(name) for fault in error.faults]) from None


def _unit(cells: Mapping[str, str], line: int, account: Account) -> Unit | None:
    """Read a row; None if it has no level, without which nothing can be said of it."""
    words = {key: unicodedata.normalize("NFKC", cell).strip() for key, cell in cells.items()}
    level = _among(words.get("level", ""), UnitLevel, line, account)
    kind = _among(words["kind"], UnitKind, line, account) if words.get("kind") else None
    leader = _among(words["leader"], Office, line, account) if words.get("leader") else None
    parts = filter(None, map(str.strip, _BETWEEN.split(words.get("categories", ""))))
    categories = [_among(part, Category, line, account) for part in parts]
    if level is None:
        return None
    site = words.get("site") or None
    usual = UnitKind.FUNCTIONAL if categories and site is None else UnitKind.TERRITORIAL
    superior = words.get("superior") or None
    return Unit(
        id=TeamId(words["id"]),
        level=level,
        kind=kind or usual,
        superior=None if superior is None else TeamId(superior),
        site=None if site is None else SiteId(site),
        categories=tuple(category for category in categories if category is not None),
        leader=leader or Office.UNIT_HEAD,
    )


def _among(text: str, kind: type[Member], line: int, account: Account) -> Member | None:
    known = dict(_vocabulary(kind))
    found = known.get(spelt(text))
    if found is None:
        expected = "one of " + ", ".join(f"{term(one, 'zh')} {one}" for one in kind)
        remedy, meant = "mend the cell", (spelt(text), sorted(known))
        account.fault(line, quoted(text) if text else "no level", expected, remedy, meant=meant)
    return found


def _vocabulary(kind: type[Member]) -> Iterator[tuple[str, Member]]:
    """Give the words that name a member: its identifier and its word in both languages."""
    for member in kind:
        for word in (member.value, term(member, "en"), term(member, "zh")):
            yield spelt(word), member
