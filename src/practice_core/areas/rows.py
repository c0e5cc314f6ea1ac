"""A county's own sites, relations and teams, from spreadsheets saved as CSV.

Columns are named in English or Chinese, levels and categories too; see `read_sites`,
`read_relations` and `read_teams`. What a spreadsheet would run as a formula, what no eye can see in
a cell and what no column is known for is refused: a phone number has nowhere to go here.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Any

import attrs

from practice_core.areas.cells import (
    Row,
    csv_text,
    plain,
    row_ids,
    sheet_rows,
    unless_empty,
    vocabulary,
)
from practice_core.areas.hours import hours_text
from practice_core.areas.tables import Account, Columns, quoted
from practice_core.errors import DefinitionError
from practice_core.hierarchy import (
    Hierarchy,
    Level,
    OtherEnd,
    Relation,
    RelationKind,
    Site,
    SiteKind,
)
from practice_core.hierarchy.relations import MOST_EXCHANGED, RELATION_RULES, relation_faults
from practice_core.hierarchy.sites import KIND_PARENTS, MOST_SEATS
from practice_core.hierarchy.tree import site_position_faults
from practice_core.terms import Category, term
from practice_core.units import SiteId, TeamId

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Iterator, Sequence

    from practice_core.errors import Fault
    from practice_core.hierarchy import Outline
    from practice_core.units import Calendar

__all__ = [
    "SiteRow",
    "TeamKind",
    "TeamRow",
    "read_relations",
    "read_sites",
    "read_teams",
    "relations_csv",
    "sites_csv",
    "teams_csv",
]

_MOST_MEMBERS = 100_000
_MOST_JOBS = 1_000

_TRAITS = (
    "kind",
    "hours",
    "seats",
    "categories",
    "demonstration",
    "opened",
    "closed",
    "synthetic",
)
"""What a site may say of itself beside its place in the tree."""
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
        "kind": ("kind", "类型", "阵地类型", "站点类型"),
        "hours": ("hours", "开放时间", "开放时段", "opening_hours"),
        "seats": ("seats", "座位", "座位数", "可容纳人数"),
        "categories": ("categories", "类别", "服务类别", "category"),
        "demonstration": ("demonstration", "示范", "示范点"),
        "opened": ("opened", "启用", "启用日期", "建成日期"),
        "closed": ("closed", "停用", "停用日期", "撤销日期"),
        "synthetic": ("synthetic", "虚构", "虚拟"),
    },
    optional=("id", "name", "lon", "lat", *_TRAITS),
    delimiters=",;\t",
)
_RELATIONS = Columns(
    {
        "kind": ("kind", "关系", "类型", "关系类型", "relation"),
        "site": ("site", "阵地", "站点", "阵地编号", "站点编号", "site_id"),
        "other": ("other", "对方", "对方编号", "单位编号", "unit"),
        "name": ("name", "名称", "对方名称", "单位名称", "单位"),
        "since": ("since", "起", "起始", "起始日期"),
        "until": ("until", "止", "终止", "终止日期"),
        "hours": ("hours", "开放时间", "开放时段", "opening_hours"),
        "exchanged": ("exchanged", "互派", "互派人数"),
        "certificate": ("certificate", "证书", "联合证书"),
    },
    optional=("name", "since", "until", "hours", "exchanged", "certificate"),
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
    kind, hours, seats, categories, demonstration, opened, closed
        As of a `Site`.
    synthetic
        Whether its position is known to be made up, though one is given.
    """

    id: SiteId
    name: str
    level: Level
    parent: SiteId | None
    lon: float | None
    lat: float | None
    line: int = attrs.field(default=0, eq=False)
    kind: SiteKind = attrs.field(default=SiteKind.REGULAR, kw_only=True)
    hours: Calendar | None = attrs.field(default=None, kw_only=True)
    seats: int | None = attrs.field(default=None, kw_only=True)
    categories: tuple[Category, ...] = attrs.field(default=(), kw_only=True)
    demonstration: bool = attrs.field(default=False, kw_only=True)
    opened: dt.date | None = attrs.field(default=None, kw_only=True)
    closed: dt.date | None = attrs.field(default=None, kw_only=True)
    synthetic: bool = attrs.field(default=False, kw_only=True)

    def standing(self, lon: float, lat: float, *, synthetic: bool) -> Site:
        """Give the site at a position."""
        return Site(
            self.id,
            self.name,
            self.level,
            self.parent,
            lon,
            lat,
            synthetic=synthetic,
            kind=self.kind,
            hours=self.hours,
            seats=self.seats,
            categories=self.categories,
            demonstration=self.demonstration,
            opened=self.opened,
            closed=self.closed,
        )


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

    What else may be said of a site: ``kind`` 类型, ``hours`` 开放时间 (as ``Mo-Fr 08:30-17:30``),
    ``seats`` 座位, ``categories`` 类别, ``demonstration`` 示范 (``yes`` 是 or ``no`` 否),
    ``opened`` 启用 and ``closed`` 停用 (days, 2019-12-03), and ``synthetic`` 虚构: its position is
    made up.

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
    rows = sheet_rows(raw, account, _SITES, "a row for each site")
    ids = row_ids(rows, "s")
    names = [_name(row, site) for row, site in zip(rows, ids, strict=True)]
    levels = [row.member("level", _LEVELS, "level") for row in rows]
    known = _Sites(ids, names, levels, [row.cells.get("id", "") for row in rows])
    found = []
    for row, site, called, level in zip(rows, ids, names, levels, strict=True):
        parent, (lon, lat) = known.parent(row, level), row.position()
        site_level = level or Level.CENTER
        found.append(
            SiteRow(SiteId(site), called, site_level, parent, lon, lat, row.line, **_traits(row))
        )
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
    rows = sheet_rows(raw, account, _TEAMS, "a row for each team")
    known = None
    if sites is not None:
        known = _among(sites)
    found = []
    for row, team in zip(rows, row_ids(rows, "t"), strict=True):
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


def read_relations(raw: bytes, name: str, sites: Iterable[SiteRow] | None) -> tuple[Relation, ...]:
    r"""Read the relations of a county's sites: CSV, a row for each.

    Columns, in any order, in English or Chinese: ``kind`` 关系, ``site`` 阵地 and ``other`` 对方,
    and ``name`` 名称, ``since`` 起, ``until`` 止, ``hours`` 开放时间, ``exchanged`` 互派人数 and
    ``certificate`` 证书 as far as there is something to say; see `Relation`. A kind is an
    identifier such as ``pairing`` or a word of the vocabulary such as 结对共建. A site is named by
    its id, or by a name that it alone has.

    Parameters
    ----------
    raw, name, sites
        As for `read_teams`.

    Returns
    -------
    tuple of Relation
        In the order of the file.

    Raises
    ------
    DefinitionError
        With file and line of the first 20 faults and the number of the others.

    Examples
    --------
    >>> sites = [
    ...     SiteRow(SiteId("c"), "中心", Level.CENTER, None, None, None),
    ...     SiteRow(SiteId("i"), "东镇所", Level.INSTITUTE, SiteId("c"), None, None),
    ... ]
    >>> sheet = "关系,阵地,对方,名称,起\n结对共建,东镇所,u-07,县医院,2023-01-01\n"
    >>> [pair] = read_relations(sheet.encode(), "relations.csv", sites)
    >>> pair.kind.value, pair.site, pair.other, pair.name, str(pair.since)
    ('pairing', 'i', 'u-07', '县医院', '2023-01-01')
    """
    account = Account(name)
    rows = sheet_rows(raw, account, _RELATIONS, "a row for each relation")
    among = None if sites is None else list(sites)
    known = None if among is None else _among(among)
    found = [(relation, row) for row in rows if (relation := _relation(row, known)) is not None]
    if among is not None:
        ties = [(one, f"{name}:{row.line}") for one, row in found if not row.refused]
        ties.sort(key=lambda tie: tie[0].order)
        here = {row.id: row.standing(0, 0, synthetic=True) for row in among}
        account.add(relation_faults(ties, here))
    account.refuse()
    return tuple([one for one, _ in found])


def relations_csv(relations: Sequence[Relation]) -> str:
    """Write relations as `read_relations` reads them, without columns that would be empty."""
    optional: dict[str, Sequence[object]] = {
        "name": [one.name or None for one in relations],
        "since": [one.since for one in relations],
        "until": [one.until for one in relations],
        "hours": [one.hours and hours_text(one.hours) for one in relations],
        "exchanged": [one.exchanged for one in relations],
        "certificate": ["yes" if one.certificate else None for one in relations],
    }
    return csv_text(
        {
            "kind": [one.kind for one in relations],
            "site": [one.site for one in relations],
            "other": [one.other for one in relations],
            **unless_empty(optional),
        }
    )


def sites_csv(rows: Sequence[SiteRow]) -> str:
    """Write sites as `read_sites` reads them, without columns that would be empty."""
    places: dict[str, Sequence[object]] = {
        "lon": [row.lon for row in rows],
        "lat": [row.lat for row in rows],
        "kind": [None if row.kind is SiteKind.REGULAR else row.kind for row in rows],
        "hours": [row.hours and hours_text(row.hours) for row in rows],
        "seats": [row.seats for row in rows],
        "categories": ["; ".join(row.categories) or None for row in rows],
        "demonstration": ["yes" if row.demonstration else None for row in rows],
        "opened": [row.opened for row in rows],
        "closed": [row.closed for row in rows],
        "synthetic": ["yes" if row.synthetic else None for row in rows],
    }
    return csv_text(
        {
            "id": [row.id for row in rows],
            "name": [row.name for row in rows],
            "level": [row.level for row in rows],
            "parent": [row.parent for row in rows],
            **unless_empty(places),
        }
    )


def teams_csv(rows: Sequence[TeamRow]) -> str:
    """Write teams as `read_teams` reads them, without columns that would be empty."""
    optional: dict[str, Sequence[object]] = {
        "members": [row.members for row in rows],
        "jobs_per_week": [row.jobs_per_week for row in rows],
        "kind": [row.kind for row in rows],
    }
    return csv_text(
        {
            "id": [row.id for row in rows],
            "home": [row.home for row in rows],
            "categories": ["; ".join(row.categories) for row in rows],
            **unless_empty(optional),
        }
    )


def _level_words() -> dict[str, Level]:
    words = vocabulary(Level)
    for level in Level:
        usual = term(level, "zh")
        words |= {usual.removeprefix("实践"): level}
        words |= {f"{before}{usual}": level for before in ("文明", "新时代文明")}
    return words


_LEVELS = _level_words()
_PARENTS = {
    level: tuple(
        dict.fromkeys(above for rule in KIND_PARENTS.values() for above in rule.get(level, ()))
    )
    for level in Level
}
"""On which levels a site of each level may hang, whatever its kind."""
_SITE_KINDS = vocabulary(SiteKind)
_RELATION_KINDS = vocabulary(RelationKind)
_KINDS = vocabulary(TeamKind)


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
            by_name.setdefault(plain(name), {})[SiteId(site)] = level
            by_id[site] = {SiteId(site): level}
            self.by_level.setdefault(level, SiteId(site))
        # An id that was refused still says who is meant: one fault, not one for each child.
        for cell, site, level in zip(given, ids, levels, strict=bool(given)):
            by_id.setdefault(plain(cell), {SiteId(site): level})
        self.known = by_name | by_id
        self.keys = sorted(self.known)

    def parent(self, row: Row, level: Level | None) -> SiteId | None:
        """Give the parent of a site; for one already refused, some site that could be it."""
        text = row.word("parent")
        allowed = tuple(Level) if level is None else _PARENTS[level]
        if not text and "parent" not in row.refused:
            return None
        if not allowed:  # that a center has a parent is for the tree to say
            return SiteId(text)
        stand_in = next((self.by_level[one] for one in allowed if one in self.by_level), None)
        if stand_in is None:  # nothing could be it: the tree says so
            return next(iter(self.known.get(plain(text), {})), SiteId(text))
        return self.one(row, "parent", text, allowed) or stand_in

    def one(self, row: Row, column: str, text: str, allowed: Sequence[Level]) -> SiteId | None:
        among = self.known.get(plain(text), {}) if text else {}
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


def _among(sites: Iterable[SiteRow]) -> _Sites:
    among = list(sites)
    return _Sites(
        [site.id for site in among],
        [site.name for site in among],
        [site.level for site in among],
    )


def _traits(row: Row) -> dict[str, Any]:
    """Give what a row says of a site beside its place in the tree."""
    return {
        "kind": (row.holds("kind") and row.member("kind", _SITE_KINDS, "kind")) or SiteKind.REGULAR,
        "hours": row.hours("hours"),
        "seats": row.whole("seats", MOST_SEATS),
        "categories": row.categories(optional=True),
        "demonstration": row.truth("demonstration"),
        "opened": row.date("opened"),
        "closed": row.date("closed"),
        "synthetic": row.truth("synthetic"),
    }


def _relation(row: Row, known: _Sites | None) -> Relation | None:
    """Give the relation that a row tells of; None for one of no kind."""
    kind = row.member("kind", _RELATION_KINDS, "kind")
    ends = {"site": row.word("site"), "other": row.word("other")}
    for column, text in ends.items():
        if not text:
            row.fault(column, f"no {column}", "an id", f"name the {column}")
    inside = kind is not None and RELATION_RULES[kind].other is OtherEnd.SITE
    if known is not None:
        for column in ("site", "other") if inside else ("site",):
            if ends[column]:
                found = known.one(row, column, ends[column], tuple(Level))
                ends[column] = found or ends[column]
    since, until, hours = row.date("since"), row.date("until"), row.hours("hours")
    exchanged = row.whole("exchanged", MOST_EXCHANGED, least=0)
    certificate, name = row.truth("certificate"), row.text("name")
    if kind is None:
        return None
    return Relation(
        kind,
        SiteId(ends["site"]),
        ends["other"],
        name,
        since,
        until,
        hours=hours,
        exchanged=exchanged,
        certificate=certificate,
    )


def _home(row: Row, known: _Sites | None) -> SiteId:
    text = row.word("home")
    if not text:
        row.fault("home", "no home", "the id or name of a site", "name the team's site")
    if known is None:
        return SiteId(text)
    return known.one(row, "home", text, tuple(Level)) or SiteId("")


def _name(row: Row, site: str) -> str:
    name = row.text("name")
    if not name and "id" not in row.cells:
        row.fault("name", "neither id nor name", "one of them", "name the site")
    return name or site


def _tree_faults(rows: Sequence[SiteRow], name: str) -> Iterator[Fault]:
    """List what the tree says; positions have to wait, for some sites may have none."""
    places = {row.id: f"{name}:{row.line}" for row in rows}
    sites = [row.standing(0, 0, synthetic=True) for row in rows]
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
        row.standing(row.lon, row.lat, synthetic=False)
        for row in rows
        if row.lon is not None and row.lat is not None
    ]
    return site_position_faults(sites, outline, places.__getitem__)
