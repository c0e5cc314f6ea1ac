"""A county's own sites and teams, from two spreadsheets saved as CSV.

Columns are named in English or Chinese, levels and categories too; see `read_sites` and
`read_teams`. What a spreadsheet would run as a formula, what no eye can see in a cell and what no
column is known for is refused: a phone number has nowhere to go here.
"""

from __future__ import annotations

import csv
import enum
import io
import re
import unicodedata
from typing import TYPE_CHECKING, TypeVar

import attrs

from practice_core.areas.inputs import sheet_text
from practice_core.areas.tables import Account, Columns, quoted, spelt, table
from practice_core.errors import DefinitionError
from practice_core.hierarchy import Hierarchy, Level, Site
from practice_core.hierarchy.sites import PARENT_LEVELS
from practice_core.hierarchy.tree import site_position_faults
from practice_core.terms import Category, term
from practice_core.units import SiteId, TeamId, is_identifier

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from practice_core.errors import Fault
    from practice_core.hierarchy import Outline

__all__ = ["SiteRow", "TeamKind", "TeamRow", "read_sites", "read_teams", "sites_csv", "teams_csv"]

Member = TypeVar("Member", bound=enum.StrEnum)

LONGEST_CELL = 100
_MOST_MEMBERS = 100_000
_MOST_JOBS = 1_000
_RUN = ("=", "+", "-", "@")
"""A spreadsheet runs a cell that begins so; a tab or line end before it is refused as hidden."""
_SPACES = str.maketrans("\u3000\xa0", "  ")
_NUMBER = re.compile(r"[+-]?[0-9]{1,20}(\.[0-9]{0,20})?([eE][+-]?[0-9]{1,3})?")
_BETWEEN = re.compile(r"[;、|,]")

_SITES = Columns(
    {
        "id": ("id", "编号", "序号", "编码", "代码", "站点编号", "阵地编号", "site_id", "code"),
        "name": ("name", "名称", "站点名称", "阵地名称", "站点", "阵地", "site", "site_name"),
        "level": ("level", "层级", "级别", "阵地级别", "站点级别"),
        "parent": (
            "parent",
            "上级",
            "上级编号",
            "上级名称",
            "上级站点",
            "上级阵地",
            "所属",
            "parent_id",
        ),
        "lon": ("lon", "经度", "东经", "lng", "longitude"),
        "lat": ("lat", "纬度", "北纬", "latitude"),
    },
    optional=("id", "name", "lon", "lat"),
    delimiters=",;\t",
)
_TEAMS = Columns(
    {
        "id": ("id", "编号", "序号", "编码", "代码", "队伍编号", "团队编号", "team_id", "code"),
        "name": ("name", "名称", "队伍名称", "团队名称", "队伍", "团队", "team", "team_name"),
        "home": (
            "home",
            "所属",
            "所属站点",
            "所属阵地",
            "所在站点",
            "所在阵地",
            "归属",
            "site",
            "site_id",
        ),
        "categories": (
            "categories",
            "类别",
            "服务类别",
            "服务类型",
            "服务领域",
            "category",
        ),
        "members": ("members", "人数", "成员数", "队员数", "志愿者人数", "队伍人数"),
        "jobs_per_week": ("jobs_per_week", "每周次数", "每周服务次数", "每周上限", "周次数"),
        "kind": ("kind", "类型", "队伍类型", "团队类型", "成员类型", "人员类型", "archetype"),
    },
    optional=("id", "name", "members", "jobs_per_week", "kind"),
    delimiters=",;\t",
)


class TeamKind(enum.StrEnum):
    """Who the members of a team are, which says when they are free."""

    OFFICE = "office"
    RETIRED = "retired"
    UNIT = "unit"
    STUDENT = "student"


@attrs.frozen
class SiteRow:
    """One site as a county lists it.

    Parameters
    ----------
    id, name, level, parent
        As of a `Site`.
    lon, lat
        Degrees, EPSG:4326; both None if the list gives no position.
    line
        Of the file; no part of what is listed.
    """

    id: SiteId
    name: str
    level: Level
    parent: SiteId | None
    lon: float | None
    lat: float | None
    line: int = attrs.field(default=0, eq=False)


@attrs.frozen
class TeamRow:
    """One team as a county lists it; what is None is assumed, as for a made-up team.

    Parameters
    ----------
    id, home, categories
        As of a `Team`.
    members
        Active members.
    jobs_per_week
        The most jobs it takes in one week.
    kind
        Who its members are.
    line
        Of the file; no part of what is listed.
    """

    id: TeamId
    home: SiteId
    categories: tuple[Category, ...]
    members: int | None
    jobs_per_week: int | None
    kind: TeamKind | None
    line: int = attrs.field(default=0, eq=False)


def read_sites(raw: bytes, name: str, outline: Outline | None = None) -> tuple[SiteRow, ...]:
    r"""Read a county's sites: CSV, a row for each.

    Columns, in any order, in English or Chinese: ``level`` 层级 and ``parent`` 上级; ``id`` 编号,
    ``name`` 名称 or both; ``lon`` 经度 and ``lat`` 纬度 or neither. Cells stand between commas,
    semicolons or tabs. A level is ``center``, ``institute``, ``station`` or ``spot``, or 中心, 所,
    站 or 点 with or without 实践 or 新时代文明实践 before it. Full-width letters and digits count
    as plain ones, but names stay as they are; every space is a plain one, and none is at an end.

    A county's spreadsheet usually has names and no ids: without the column ``id``, ids are made of
    the rows, ``s001`` for the first. A parent may be an id, or the name of one site alone.

    Parameters
    ----------
    raw
        UTF-8 with or without a byte order mark, or GB18030 (and so GBK).
    name
        Of the file, for messages.
    outline
        In which every position must lie.

    Returns
    -------
    tuple of SiteRow
        In the order of the file; `Hierarchy` would build their tree.

    Raises
    ------
    DefinitionError
        With file and line of the first 20 faults and the number of the others.

    Examples
    --------
    >>> sheet = "名称,层级,上级\n中心,中心,\n东镇所,所,中心\n河村站,站,东镇所\n"
    >>> for row in read_sites(sheet.encode("gbk"), "sites.csv"):
    ...     print(row.id, row.name, row.level, row.parent)
    s001 中心 center None
    s002 东镇所 institute s001
    s003 河村站 station s002
    """
    account = Account(name)
    rows = _rows(raw, account, _SITES, "a row for each site")
    ids = _ids(rows, "s")
    names = [_name(row, site) for row, site in zip(rows, ids, strict=True)]
    levels = [row.member("level", _LEVELS, "level") for row in rows]
    known = _Sites(ids, names, levels, [row.cells.get("id", "") for row in rows])
    found = []
    for row, site, called, level in zip(rows, ids, names, levels, strict=True):
        parent, (lon, lat) = known.parent(row, level), row.position()
        site_level = level or Level.CENTER
        found.append(SiteRow(SiteId(site), called, site_level, parent, lon, lat, row.line))
    if rows and None not in levels:
        account.add(_tree_faults(found, account.name))
    account.add(_position_faults(found, account.name, outline))
    account.refuse()
    return tuple(found)


def read_teams(raw: bytes, name: str, sites: Iterable[SiteRow] | None) -> tuple[TeamRow, ...]:
    r"""Read a county's teams: CSV, a row for each.

    Columns, in any order, in English or Chinese: ``home`` 所属 and ``categories`` 类别; ``id``
    编号, ``members`` 人数, ``jobs_per_week`` 每周次数, ``kind`` 类型 and ``name`` 名称 or not.
    Several categories stand between ``;``, ``、``, ``|`` or commas, each an identifier such as
    ``law`` or a word of the vocabulary such as 法律服务; a kind is ``office`` 在职, ``retired``
    退休, ``unit`` 单位 or ``student`` 学生. What an empty cell leaves open is assumed as for a
    made-up team.

    Without the column ``id``, ids are made of the rows, ``t001`` for the first. A name may stand
    there, so that a list need not be rewritten, but is not kept: nothing needs it, and teams are
    often called after a person.

    Parameters
    ----------
    raw, name
        As for `read_sites`.
    sites
        Among which the homes are: by id, or by a name that one site alone has. None if they could
        not be read: then the homes are not looked up, so that all else can be said at once.

    Returns
    -------
    tuple of TeamRow
        In the order of the file.

    Raises
    ------
    DefinitionError
        With file and line of the first 20 faults and the number of the others.

    Examples
    --------
    >>> sites = [SiteRow(SiteId("s001"), "河村站", Level.STATION, SiteId("c"), None, None)]
    >>> sheet = "home,categories,members\n河村站,法律服务、aid,12\n"
    >>> [team] = read_teams(sheet.encode(), "teams.csv", sites)
    >>> team.id, team.home, [str(category) for category in team.categories], team.members
    ('t001', 's001', ['law', 'aid'], 12)
    """
    account = Account(name)
    rows = _rows(raw, account, _TEAMS, "a row for each team")
    known = None
    if sites is not None:
        among = list(sites)
        known = _Sites(
            [site.id for site in among],
            [site.name for site in among],
            [site.level for site in among],
        )
    found = []
    for row, team in zip(rows, _ids(rows, "t"), strict=True):
        row.text("name")
        found.append(
            TeamRow(
                TeamId(team),
                _home(row, known),
                row.categories(),
                row.whole("members", _MOST_MEMBERS),
                row.whole("jobs_per_week", _MOST_JOBS),
                row.member("kind", _KINDS, "kind") if row.cells.get("kind", "").strip() else None,
                row.line,
            )
        )
    account.refuse()
    return tuple(found)


def sites_csv(rows: Sequence[SiteRow]) -> str:
    """Write sites as `read_sites` reads them, without columns that would be empty."""
    places: dict[str, Sequence[object]] = {
        "lon": [row.lon for row in rows],
        "lat": [row.lat for row in rows],
    }
    return _csv(
        {
            "id": [row.id for row in rows],
            "name": [row.name for row in rows],
            "level": [row.level for row in rows],
            "parent": [row.parent for row in rows],
            **_unless_empty(places),
        }
    )


def teams_csv(rows: Sequence[TeamRow]) -> str:
    """Write teams as `read_teams` reads them, without columns that would be empty."""
    optional: dict[str, Sequence[object]] = {
        "members": [row.members for row in rows],
        "jobs_per_week": [row.jobs_per_week for row in rows],
        "kind": [row.kind for row in rows],
    }
    return _csv(
        {
            "id": [row.id for row in rows],
            "home": [row.home for row in rows],
            "categories": ["; ".join(row.categories) for row in rows],
            **_unless_empty(optional),
        }
    )


def _unless_empty(columns: Mapping[str, Sequence[object]]) -> dict[str, Sequence[object]]:
    return {
        name: cells for name, cells in columns.items() if any(cell is not None for cell in cells)
    }


def _csv(columns: Mapping[str, Sequence[object]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    return text.getvalue()


def _vocabulary(kind: type[Member]) -> dict[str, Member]:
    """Give the words that name a member: its identifier and its word in both languages."""
    return {
        spelt(word): member
        for member in kind
        for word in (member.value, term(member, "en"), term(member, "zh"))
    }


def _level_words() -> dict[str, Level]:
    words = _vocabulary(Level)
    for level in Level:
        usual = term(level, "zh")
        words |= {usual.removeprefix("实践"): level}
        words |= {f"{before}{usual}": level for before in ("文明", "新时代文明")}
    return words


_LEVELS = _level_words()
_CATEGORIES = _vocabulary(Category)
_KINDS = _vocabulary(TeamKind)


@attrs.define
class _Row:
    """One row; what is wrong with a cell is noted, and something harmless given for it."""

    account: Account
    number: int
    line: int
    cells: Mapping[str, str]
    refused: set[str] = attrs.field(factory=set)

    def fault(
        self,
        column: str,
        found: str,
        expected: str,
        remedy: str,
        meant: tuple[str, Sequence[str]] | None = None,
    ) -> None:
        if column not in self.refused:
            self.refused.add(column)
            self.account.fault(self.line, found, expected, remedy, meant=meant)

    def text(self, column: str) -> str:
        """Give a cell as it stands, spaces mended; empty if it cannot be taken."""
        cell = self.cells.get(column, "").translate(_SPACES)
        if not cell or column in self.refused:
            return ""
        text = " ".join(cell.split())
        if not cell.isprintable():
            code = next(ord(sign) for sign in cell if not sign.isprintable())
            found = f"{column} {quoted(cell)} with the hidden character U+{code:04X}"
            self.fault(column, found, "signs that can be seen", "type the cell anew")
        elif text.startswith(_RUN) or unicodedata.normalize("NFKC", text).startswith(_RUN):
            found = f"{column} {quoted(text)}, which a spreadsheet would run"
            self.fault(column, found, "plain text", f"write it without {text[0]} at its start")
        elif len(text) > LONGEST_CELL:
            found = f"{column} of {len(text)} characters"
            self.fault(column, found, f"at most {LONGEST_CELL}", f"shorten {column}")
        else:
            return text
        return ""

    def word(self, column: str) -> str:
        """Give a cell with full-width letters, digits and signs made plain."""
        return unicodedata.normalize("NFKC", self.text(column))

    def member(self, column: str, words: Mapping[str, Member], what: str) -> Member | None:
        return self._among(column, self.text(column), words, what)

    def categories(self) -> tuple[Category, ...]:
        parts = [part.strip() for part in _BETWEEN.split(self.word("categories"))]
        parts = [part for part in parts if part] or [""]
        found = [self._among("categories", part, _CATEGORIES, "category") for part in parts]
        if len(set(found)) < len(found):
            self.fault("categories", "a category twice", "different ones", "remove one")
        return tuple(category for category in found if category is not None)

    def whole(self, column: str, most: int) -> int | None:
        """Give a whole number from 1; None if the cell is empty."""
        cell = unicodedata.normalize("NFKC", self.cells.get(column, "")).strip()
        if cell.isascii() and cell.isdecimal() and len(cell) <= len(str(most)):
            number = int(cell)
            if 1 <= number <= most:
                return number
        if cell:
            expected = f"a whole number from 1 to {most}"
            self.fault(column, f"{column} {quoted(cell)}", expected, f"mend {column}")
        return None

    def position(self) -> tuple[float, float] | tuple[None, None]:
        lon, lat = (self._degrees(column) for column in ("lon", "lat"))
        given = [column for column in ("lon", "lat") if self.cells.get(column, "").strip()]
        if len(given) == 1:
            missing = "lat" if given == ["lon"] else "lon"
            self.fault(
                missing, f"{given[0]} without {missing}", "both or neither", f"add {missing}"
            )
        return (None, None) if lon is None or lat is None else (lon, lat)

    def _degrees(self, column: str) -> float | None:
        cell = unicodedata.normalize("NFKC", self.cells.get(column, "")).strip()
        if _NUMBER.fullmatch(cell):
            return float(cell)
        if cell:
            expected = "decimal degrees such as 120.64"
            self.fault(column, f"{column} {quoted(cell)}", expected, f"mend {column}")
        return None

    def _among(
        self, column: str, text: str, words: Mapping[str, Member], what: str
    ) -> Member | None:
        found = words.get(spelt(text))
        if found is None:
            given = f"unknown {what} {quoted(text)}" if text else f"no {what}"
            members = dict.fromkeys(words.values())
            expected = "one of " + ", ".join(f"{term(one, 'zh')} {one}" for one in members)
            self.fault(column, given, expected, f"mend {column}", (spelt(text), sorted(words)))
        return found


class _Sites:
    """The sites that a cell may refer to: by id, or else by name where one alone has it."""

    def __init__(
        self,
        ids: Sequence[str],
        names: Sequence[str],
        levels: Sequence[Level | None],
        given: Sequence[str] = (),
    ) -> None:
        by_name: dict[str, dict[SiteId, Level | None]] = {}
        by_id: dict[str, dict[SiteId, Level | None]] = {}
        self.by_level: dict[Level | None, SiteId] = {}
        for site, name, level in zip(ids, names, levels, strict=True):
            by_name.setdefault(_key(name), {})[SiteId(site)] = level
            by_id[site] = {SiteId(site): level}
            self.by_level.setdefault(level, SiteId(site))
        # An id that was refused still says who is meant: one fault, not one for each child.
        for cell, site, level in zip(given, ids, levels, strict=bool(given)):
            by_id.setdefault(_key(cell), {SiteId(site): level})
        self.known = by_name | by_id
        self.keys = sorted(self.known)

    def parent(self, row: _Row, level: Level | None) -> SiteId | None:
        """Give the parent of a site; for one already refused, some site that could be it."""
        text = row.word("parent")
        allowed = tuple(Level) if level is None else PARENT_LEVELS[level]
        if not text and "parent" not in row.refused:
            return None
        if not allowed:  # that a center has a parent is for the tree to say
            return SiteId(text)
        stand_in = next((self.by_level[one] for one in allowed if one in self.by_level), None)
        if stand_in is None:  # nothing could be it: the tree says so
            return next(iter(self.known.get(_key(text), {})), SiteId(text))
        return self.one(row, "parent", text, allowed) or stand_in

    def one(self, row: _Row, column: str, text: str, allowed: Sequence[Level]) -> SiteId | None:
        among = self.known.get(_key(text), {}) if text else {}
        if len(among) > 1:
            among = {site: level for site, level in among.items() if level in allowed} or among
        if len(among) == 1:
            return next(iter(among))
        expected = "the id of a site, or a name that one alone has"
        if among:
            found = f"{column} {quoted(text)} names {len(among)} sites"
            row.fault(column, found, expected, "give them ids, and name one")
        elif text:
            found = f"{column} {quoted(text)} is no site"
            row.fault(column, found, expected, "add it or name another", (text, self.keys))
        return None


def _home(row: _Row, known: _Sites | None) -> SiteId:
    text = row.word("home")
    if not text:
        row.fault("home", "no home", "the id or name of a site", "name the team's site")
    if known is None:
        return SiteId(text)
    return known.one(row, "home", text, tuple(Level)) or SiteId("")


def _key(text: str) -> str:
    return unicodedata.normalize("NFKC", text).replace(" ", "")


def _rows(raw: bytes, account: Account, columns: Columns, expected: str) -> list[_Row]:
    text = sheet_text(raw, account.name)
    rows = [
        _Row(account, number, line, cells)
        for number, (line, cells) in enumerate(table(text, account, columns), 1)
    ]
    if not rows and not account.count:
        account.fault(1, "no row", expected, "fill in the table")
    return rows


def _ids(rows: Sequence[_Row], letter: str) -> list[str]:
    """Give the id of each row; one of its own for a row of which the id is refused."""
    found = []
    lines: dict[str, int] = {}
    for row in rows:
        made = f"{letter}{row.number:03d}"
        if "id" not in row.cells:
            found.append(made)
            continue
        text = row.word("id")
        if not is_identifier(text):
            given = f"id {quoted(text)}" if text else "no id"
            expected = "1 to 64 of A-Za-z0-9._:-, first a letter or digit"
            row.fault("id", given, expected, "give it another id")
        elif text in lines:
            expected = f"another than on line {lines[text]}"
            row.fault("id", f"id {text!r} again", expected, "give it an id of its own")
        lines.setdefault(text, row.line)
        found.append(f"line:{row.line}" if "id" in row.refused else text)
    return found


def _name(row: _Row, site: str) -> str:
    name = row.text("name")
    if not name and "id" not in row.cells:
        row.fault("name", "neither id nor name", "one of them", "name the site")
    return name or site


def _tree_faults(rows: Sequence[SiteRow], name: str) -> Iterator[Fault]:
    """List what the tree says; positions have to wait, for some sites may have none."""
    places = {row.id: f"{name}:{row.line}" for row in rows}
    sites = [Site(row.id, row.name, row.level, row.parent, 0, 0, synthetic=True) for row in rows]
    try:
        Hierarchy(sites, places=places)
    except DefinitionError as error:
        for fault in error.faults:
            yield attrs.evolve(fault, place=name) if fault.place == "sites" else fault


def _position_faults(
    rows: Sequence[SiteRow], name: str, outline: Outline | None
) -> Iterator[Fault]:
    places = {row.id: f"{name}:{row.line}" for row in rows}
    sites = [
        Site(row.id, row.name, row.level, row.parent, row.lon, row.lat, synthetic=False)
        for row in rows
        if row.lon is not None and row.lat is not None
    ]
    return site_position_faults(sites, outline, places.__getitem__)
