"""``practice-core ledger``: an account's statement, all balances, and what a center owes."""

from __future__ import annotations

import datetime as dt
import enum
import re
import sys
from collections import Counter
from json import dumps
from typing import TYPE_CHECKING, Annotated, Any

import attrs
from cyclopts import App, Parameter

from practice_core.areas import load_rules
from practice_core.cli.console import say, show, show_words, stdout
from practice_core.cli.replaying import reading
from practice_core.cli.showing import Showing
from practice_core.errors import DefinitionError, Fault, shown
from practice_core.experiment import Table
from practice_core.journal import (
    account_statement,
    area_ledger,
    differences,
)
from practice_core.points import NEVER, AccountKind, Holding
from practice_core.points.treasury import (
    OWED,
    Flow,
    Worth,
    by_age,
    by_expiry,
    flows,
    forecast,
)
from practice_core.terms import Category, Lang, term, word
from practice_core.units import DAY, HOUR, AccountId, instant, moment

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from practice_core.areas import Scheme
    from practice_core.journal import AccountLine, AccountStatement, AreaBooks
    from practice_core.points.treasury import Band, Difference, FlowLine, Outlook
    from practice_core.units import Duration, Instant, Minutes

__all__ = ["Bookkeeping", "ledger"]

FINDINGS = 1
SHOWN = 12
"""More accounts, or more differences, are counted and not listed."""
CHINA: Duration = 8 * HOUR
MONTHS = 12
SOON = (30, 90, 180, 365)
"""Days from now, where what expires is told apart."""
AGES = (90, 180, 365)
"""Days since they were earned, where points outstanding are told apart."""
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_EARLIEST, _LATEST = 1970, 9998
_END = instant(dt.datetime(_LATEST, 12, 31, tzinfo=dt.UTC))

Flag = Annotated[bool, Parameter(negative="", show_default=False)]

ledger = App(name="ledger", help="Read the books of a journal: one account, all, or what is owed.")


class Bookkeeping(enum.StrEnum):
    """What is said around the books of a journal; the words are in the vocabulary."""

    AS_OF = "as_of"
    EMPTY = "empty"
    EARLY = "early"
    STATEMENT = "statement"
    DATE = "date"
    EVENT = "event"
    CAUSE = "cause"
    OTHER = "other"
    TIME = "time"
    POINTS = "points"
    BALANCE = "balance"
    OPENING = "opening"
    CLOSING = "closing"
    SET_ASIDE = "set_aside"
    COMING = "coming"
    SERVED = "served"
    BY_KIND = "by_kind"
    KIND = "kind"
    ACCOUNTS = "accounts"
    TOTAL = "total"
    MOST = "most"
    ACCOUNT = "account"
    OUTSTANDING = "outstanding"
    WORTH = "worth"
    UNPRICED = "unpriced"
    BY_AGE = "by_age"
    YOUNGER = "younger"
    OLDER = "older"
    BETWEEN_DAYS = "between_days"
    BY_EXPIRY = "by_expiry"
    PAST = "past"
    WITHIN = "within"
    LATER = "later"
    NEVER = "never"
    FLOWS_BY = "flows_by"
    SITE = "site"
    TEAM = "team"
    CATEGORY = "category"
    MONTH = "month"
    NONE = "none"
    FORECAST = "forecast"
    MONEY = "money"
    AGREES = "agrees"
    UNASKED = "unasked"
    DIFFERENCE = "difference"


@ledger.command
def statement(  # noqa: PLR0913 - as many as there are options
    journal: str,
    account: str,
    /,
    *,
    from_: Annotated[str | None, Parameter(name="--from")] = None,
    to: str | None = None,
    as_of: str | None = None,
    json: Flag = False,
    lang: Lang = "en",
) -> None:
    """Tell what has happened to an account: every event, its points, the balance after, and hours.

    Parameters
    ----------
    journal
        The file of a journal, or a postgresql:// address; leave the password to PGPASSWORD.
    account
        A volunteer's, a household's, or one of the area's own such as area:shop.
    from_
        The first local day to list, or an instant with its zone.
    to
        The last local day to list, or an instant with its zone.
    as_of
        Read only what had happened by the end of this local day, or by an instant with its zone.
    json
        Print one JSON object instead.
    lang
        Language.
    """
    begin, end = _first("--from", from_), _last("--to", to)
    if begin is not None and end is not None and begin > end:
        fault = Fault("--from", f"{from_} is after {to}", "an earlier day", "mend --from or --to")
        raise DefinitionError("statement", [fault])
    until = _last("--as-of", as_of)
    with reading(journal) as source:
        books = area_ledger(source, until)
        if books.last is None:
            _say_empty(json, until, lang, {"account": account, **_EMPTY_STATEMENT})
            return
        after = None if end is None else end + 1
        found = account_statement(source, books, AccountId(account), begin, after)
    if json:
        _write(_about(books) | _statement_data(found))
    else:
        _show_statement(books, found, lang)


@ledger.command
def balances(
    journal: str, /, *, as_of: str | None = None, json: Flag = False, lang: Lang = "en"
) -> None:
    """Tell what all accounts hold: by kind, which adds up to nothing, and those with most.

    Parameters
    ----------
    journal
        The file of a journal, or a postgresql:// address; leave the password to PGPASSWORD.
    as_of
        Read only what had happened by the end of this local day, or by an instant with its zone.
    json
        Print one JSON object, with all accounts.
    lang
        Language.
    """
    until = _last("--as-of", as_of)
    with reading(journal) as source:
        books = area_ledger(source, until)
    if books.last is None:
        _say_empty(json, until, lang, {"kinds": [], "total": 0, "accounts": []})
    elif json:
        _write(_about(books) | _balances_data(books))
    else:
        _show_balances(books, lang)


@ledger.command
def liability(
    journal: str,
    /,
    *,
    rules: str | None = None,
    as_of: str | None = None,
    json: Flag = False,
    lang: Lang = "en",
) -> int:
    """Tell what a center owes: points outstanding, where they went, and whether the books agree.

    Exit code 0 if the books agree with the services on record, 1 if there is a difference, 2 if
    the journal cannot be read or something in it does not go with what came before.

    Parameters
    ----------
    journal
        The file of a journal, or a postgresql:// address; leave the password to PGPASSWORD.
    rules
        Name of points rules or of an area, a file, or the folder of a county of your own: what a
        point is worth, and what each service on record earns. Without it the awards are taken for
        right as they were given.
    as_of
        Read only what had happened by the end of this local day, or by an instant with its zone;
        without it, what is due is counted from the last event on.
    json
        Print one JSON object instead.
    lang
        Language.
    """
    scheme = None if rules is None else load_rules(rules)
    until = _last("--as-of", as_of)
    with reading(journal) as source:
        books = area_ledger(source, until)
        if books.last is None:
            _say_empty(json, until, lang, _EMPTY_LIABILITY)
            return 0
        versions = None if scheme is None else scheme.versions
        differ = differences(source, books, versions)
    found = _Liability.of(books, scheme, differ)
    if json:
        _write(_about(books) | found.data())
    else:
        _show_liability(found, lang)
    return FINDINGS if differ else 0


# ------------------------------------------------------------------ instants


def _last(option: str, text: str | None) -> Instant | None:
    """Give the last instant of a local day, or the instant that a text says."""
    first = _first(option, text)
    return first + DAY - 1 if first is not None and _DATE.fullmatch(text or "") else first


def _first(option: str, text: str | None) -> Instant | None:
    """Give the first instant of a local day, or the instant that a text says."""
    if text is None:
        return None
    try:
        found = dt.datetime.fromisoformat(text) if _DATE.match(text) else None
    except ValueError:
        found = None
    if found is not None and _DATE.fullmatch(text):
        found = found.replace(tzinfo=dt.timezone(dt.timedelta(milliseconds=CHINA)))
    if found is None or found.tzinfo is None or not _EARLIEST <= found.year <= _LATEST:
        expected = "a day as 2025-03-31, or an instant with its zone as 2025-03-31T09:00+08:00"
        fault = Fault(option, repr(text), expected, f"mend {option}")
        raise DefinitionError("ledger", [fault])
    return instant(found)


def _local(at: Instant) -> str:
    """Give an instant as local time, to the minute."""
    try:
        return f"{moment(at, offset=CHINA):%Y-%m-%d %H:%M}"
    except OverflowError:  # a journal holds whatever number it was given
        return f"{at} ms"


def _iso(at: Instant | None) -> str | None:
    if at is None or at == NEVER:
        return None
    try:
        return moment(at, offset=CHINA).isoformat()
    except OverflowError:
        return f"{at} ms"


def _month_begins(at: Instant, count: int) -> list[Instant]:
    """Give when the next local months begin."""
    local = moment(at, offset=CHINA)
    numbers = range(local.year * 12 + local.month, local.year * 12 + local.month + count)
    return [
        instant(dt.datetime(number // 12, number % 12 + 1, 1, tzinfo=local.tzinfo))
        for number in numbers
    ]


# ------------------------------------------------------------------ as data


_EMPTY_STATEMENT: dict[str, Any] = {
    "opening": 0,
    "closing": 0,
    "minutes": 0,
    "available": 0,
    "set_aside": 0,
    "coming": 0,
    "lines": [],
}


def _write(content: Mapping[str, Any]) -> None:
    sys.stdout.write(dumps(content, indent=2, ensure_ascii=True, allow_nan=False) + "\n")


def _about(books: AreaBooks) -> dict[str, Any]:
    return {"as_of": _iso(books.until), "first": _iso(books.first), "last": _iso(books.last)}


def _say_empty(json: bool, until: Instant | None, lang: Lang, data: dict[str, Any]) -> None:  # noqa: FBT001 - the flag of each command
    """Say that nothing had happened yet."""
    if json:
        _write({"as_of": _iso(until), "first": None, "last": None} | data)
    elif until is None:
        say(term(Bookkeeping.EMPTY, lang))
    else:
        say(term(Bookkeeping.EARLY, lang).format(at=_local(until)))


def _statement_data(found: AccountStatement) -> dict[str, Any]:
    return {
        "account": found.account,
        "opening": found.opening,
        "closing": found.closing,
        "minutes": found.minutes,
        **_held(found.holding),
        "lines": [_line(one) for one in found.lines],
    }


def _held(holding: Holding) -> dict[str, int]:
    return {
        "available": holding.available,
        "set_aside": holding.pending_debits,
        "coming": holding.pending_credits,
    }


def _line(one: AccountLine) -> dict[str, Any]:
    return {
        "position": one.position,
        "at": _iso(one.at),
        "event": one.kind,
        **attrs.asdict(one.cause),
        "other": one.other,
        "points": one.points,
        "balance": one.balance,
        "minutes": one.minutes,
    }


def _balances_data(books: AreaBooks) -> dict[str, Any]:
    return {
        "kinds": [
            {"kind": kind.value, "accounts": count, "points": points}
            for kind, (count, points) in _kinds(books).items()
        ],
        "total": books.ledger.total(),
        "accounts": [
            {"account": account, "kind": kind.value, "points": points}
            | _held(books.ledger.holding(account))
            for account, kind, points in _accounts(books)
        ],
    }


def _accounts(books: AreaBooks) -> list[tuple[AccountId, AccountKind, int]]:
    """Give all accounts, those that hold most first."""
    ledger = books.ledger
    moved, kinds = ledger.movements(), tuple(AccountKind)
    held = ledger.balances()
    found = [
        (account, kinds[kind], held[account])
        for account, kind in zip(moved.accounts, moved.kinds.tolist(), strict=True)
    ]
    return sorted(found, key=lambda one: (-one[2], one[0]))


def _kinds(books: AreaBooks) -> dict[AccountKind, tuple[int, int]]:
    """Give how many accounts of each kind there are, and what they hold together."""
    accounts = _accounts(books)
    return {
        kind: (
            sum(one == kind for _, one, _ in accounts),
            sum(points for _, one, points in accounts if one == kind),
        )
        for kind in AccountKind
    }


# ------------------------------------------------------------------ what is owed


@attrs.frozen
class _Liability:
    """What a center owes, as of an instant."""

    at: Instant
    scheme: Scheme | None
    worth: Worth | None
    points: int
    set_aside: int
    coming: int
    ages: tuple[Band, ...]
    expiries: tuple[Band, ...]
    lines: tuple[FlowLine, ...]
    outlook: tuple[Outlook, ...]
    differences: tuple[Difference, ...]

    @classmethod
    def of(
        cls, books: AreaBooks, scheme: Scheme | None, differ: tuple[Difference, ...]
    ) -> _Liability:
        last = books.last if books.until is None else books.until
        at = min(max(last or 0, 0), _END)
        rules = None if scheme is None else scheme.in_force(at)
        cents = None if rules is None else rules.cents_per_point
        worth = None if cents is None else Worth(1, cents)
        ledger = books.ledger
        owed = [ledger.holding(one) for one, kind, _ in _accounts(books) if kind in OWED]
        return cls(
            at,
            scheme,
            worth,
            sum(one.balance for one in owed),
            sum(one.pending_debits for one in owed),
            sum(one.pending_credits for one in owed),
            by_age(ledger, at, [days * DAY for days in AGES]),
            by_expiry(ledger, at, [at + 1, *(at + days * DAY for days in SOON)]),
            flows(ledger, books.labels(CHINA)),
            forecast(ledger, at, [at, *_month_begins(at, MONTHS)], worth),
            differ,
        )

    def cents(self, points: int) -> int | None:
        """Give what points are worth; None where that is not said."""
        return None if self.worth is None else self.worth.of(points)

    def data(self) -> dict[str, Any]:
        """Give all of it, as plain data."""
        rules = None if self.scheme is None else self.scheme.in_force(self.at)
        return {
            "at": _iso(self.at),
            "rules": None if rules is None else {"name": rules.id, "version": rules.version},
            "cents_per_point": None if self.worth is None else self.worth.money,
            "outstanding": self._sum(self.points)
            | {"set_aside": self.set_aside, "coming": self.coming},
            "by_age": [
                {"from_days": _days(one.begin), "to_days": _days(one.end)} | self._sum(one.points)
                for one in self.ages
            ],
            "by_expiry": [
                {"from": _iso(one.begin), "to": _iso(one.end), "never": one.begin == NEVER}
                | self._sum(one.points)
                for one in self.expiries
            ],
            "flows": [_flow(one) for one in self.lines],
            "forecast": [{"at": _iso(one.at)} | self._sum(one.points) for one in self.outlook],
            "differences": [attrs.asdict(one) for one in self.differences],
        }

    def _sum(self, points: int) -> dict[str, int | None]:
        return {"points": points, "cents": self.cents(points)}


_EMPTY_LIABILITY: dict[str, Any] = {
    "at": None,
    "rules": None,
    "cents_per_point": None,
    "outstanding": {"points": 0, "cents": None, "set_aside": 0, "coming": 0},
    **{key: [] for key in ("by_age", "by_expiry", "flows", "forecast", "differences")},
}
_LABELS = (Bookkeeping.SITE, Bookkeeping.TEAM, Bookkeeping.CATEGORY, Bookkeeping.MONTH)
"""What flows are told by, in the order of `AreaBooks.labels`."""


def _flow(one: FlowLine) -> dict[str, Any]:
    labels = {name.value: label or None for name, label in zip(_LABELS, one.labels, strict=True)}
    return labels | {"flow": one.flow.value, "points": one.points, "transfers": one.transfers}


def _days(duration: Duration | None) -> int | None:
    return None if duration is None else duration // DAY


# ------------------------------------------------------------------ as words


def _show_statement(books: AreaBooks, found: AccountStatement, lang: Lang) -> None:
    _say_as_of(books, lang)
    opening = found.lines[0].balance - found.lines[0].points if found.lines else found.opening
    say(term(Bookkeeping.OPENING, lang).format(points=opening))
    rows = tuple(
        (
            _local(one.at),
            word("event", one.kind, lang),
            shown(one.cause.item or one.cause.order or "-"),
            shown(one.other or "-"),
            _hours(one.minutes) if one.minutes else "-",
            f"{one.points:+}" if one.points else "-",
            str(one.balance),
        )
        for one in found.lines
    )
    heads = (
        Bookkeeping.DATE,
        Bookkeeping.EVENT,
        Bookkeeping.CAUSE,
        Bookkeeping.OTHER,
        Bookkeeping.TIME,
        Bookkeeping.POINTS,
        Bookkeeping.BALANCE,
    )
    title = term(Bookkeeping.STATEMENT, lang).format(account=shown(found.account))
    show_words(stdout(), Table(title, _heads(heads, lang), rows))
    held = found.holding
    for said, points in (
        (Bookkeeping.CLOSING, found.closing),
        (Bookkeeping.SET_ASIDE, held.pending_debits),
        (Bookkeeping.COMING, held.pending_credits),
    ):
        if points or said is Bookkeeping.CLOSING:
            say(term(said, lang).format(points=points))
    say(term(Bookkeeping.SERVED, lang).format(hours=_hours(found.minutes)))


def _show_balances(books: AreaBooks, lang: Lang) -> None:
    _say_as_of(books, lang)
    console = stdout()
    kinds = tuple(
        (term(kind, lang), str(count), str(points))
        for kind, (count, points) in _kinds(books).items()
    )
    heads = _heads((Bookkeeping.KIND, Bookkeeping.ACCOUNTS, Bookkeeping.POINTS), lang)
    show(console, Table(term(Bookkeeping.BY_KIND, lang), heads, kinds))
    say(term(Bookkeeping.TOTAL, lang).format(total=books.ledger.total()))
    most = [one for one in _accounts(books) if one[1] in OWED]
    rows = tuple((shown(one), term(kind, lang), str(points)) for one, kind, points in most[:SHOWN])
    heads = _heads((Bookkeeping.ACCOUNT, Bookkeeping.KIND, Bookkeeping.POINTS), lang)
    say("")
    show(console, Table(term(Bookkeeping.MOST, lang), heads, rows))
    _say_more(len(most), lang)


def _show_liability(found: _Liability, lang: Lang) -> None:
    say(term(Bookkeeping.OUTSTANDING, lang).format(at=_local(found.at), points=found.points))
    for beside, points in (
        (Bookkeeping.SET_ASIDE, found.set_aside),
        (Bookkeeping.COMING, found.coming),
    ):
        if points:
            say(term(beside, lang).format(points=points))
    if found.worth is None:
        say(term(Bookkeeping.UNPRICED, lang))
    else:
        said = term(Bookkeeping.WORTH, lang)
        say(said.format(money=_money(found.cents(found.points)), each=_money(found.worth.money)))
    ages = [(_age(one, lang), one.points) for one in found.ages]
    expiries = [(_expiry(one, lang), one.points) for one in found.expiries]
    _show_sums(Bookkeeping.BY_AGE, ages, found, lang)
    _show_sums(Bookkeeping.BY_EXPIRY, expiries, found, lang)
    for place, label in enumerate(_LABELS):
        _show_flows(found.lines, place, label, lang)
    later = [(_local(one.at), one.points) for one in found.outlook]
    _show_sums(Bookkeeping.FORECAST, later, found, lang)
    for line in _agreement(found, lang):
        say(line)


def _show_sums(
    caption: Bookkeeping, rows: Sequence[tuple[str, int]], found: _Liability, lang: Lang
) -> None:
    """Show points, and what they are worth if that is said."""
    priced = found.worth is not None
    columns = (Bookkeeping.POINTS, Bookkeeping.MONEY) if priced else (Bookkeeping.POINTS,)
    heads = ("", *_heads(columns, lang))
    cells = tuple(
        (name, str(points), *([_money(found.cents(points))] if priced else []))
        for name, points in rows
    )
    say("")
    show(stdout(), Table(term(caption, lang), heads, cells))


def _show_flows(lines: Sequence[FlowLine], place: int, label: Bookkeeping, lang: Lang) -> None:
    """Show what was issued, used and so on, by one of the labels."""
    sums: Counter[tuple[str, Flow]] = Counter()
    for one in lines:
        sums[one.labels[place], one.flow] += one.points
    names = sorted({name for name, _ in sums}, key=lambda name: (not name, name))
    occurring = [flow for flow in Flow if any(one is flow for _, one in sums)]
    if label is not Bookkeeping.MONTH:  # those with most first; months by date
        names.sort(key=lambda name: (not name, -sums[name, Flow.ISSUED]))
    rows = tuple(
        (_label(name, label, lang), *(str(sums[name, flow]) for flow in occurring))
        for name in names[: None if label is Bookkeeping.MONTH else SHOWN]
    )
    said = term(label, lang)
    caption = term(Bookkeeping.FLOWS_BY, lang).format(label=said)
    say("")
    show(stdout(), Table(caption, (said, *(term(flow, lang) for flow in occurring)), rows))
    if label is not Bookkeeping.MONTH:
        _say_more(len(names), lang)


def _label(name: str, label: Bookkeeping, lang: Lang) -> str:
    if not name:
        return term(Bookkeeping.NONE, lang)
    return term(Category(name), lang) if label is Bookkeeping.CATEGORY else shown(name)


def _age(one: Band, lang: Lang) -> str:
    begin, end = _days(one.begin), _days(one.end)
    said = Bookkeeping.BETWEEN_DAYS
    if begin is None or end is None:
        said = Bookkeeping.YOUNGER if begin is None else Bookkeeping.OLDER
    return term(said, lang).format(begin=begin, end=end)


def _expiry(one: Band, lang: Lang) -> str:
    if one.begin is None or one.end is None:
        return term(Bookkeeping.PAST if one.begin is None else Bookkeeping.NEVER, lang)
    said = Bookkeeping.LATER if one.end == NEVER else Bookkeeping.WITHIN
    return term(said, lang).format(begin=_local(one.begin), end=_local(one.end - 1))


def _agreement(found: _Liability, lang: Lang) -> Iterator[str]:
    """Say whether the books agree with what is on record, and every difference."""
    yield ""
    for one in found.differences:
        yield term(Bookkeeping.DIFFERENCE, lang).format(
            what=term(one.kind, lang),
            transfer=one.transfer,
            account=shown(one.account),
            expected=one.expected,
            found=one.found,
        )
    if not found.differences:
        yield term(Bookkeeping.AGREES, lang)
    if found.scheme is None:
        yield term(Bookkeeping.UNASKED, lang)


def _say_as_of(books: AreaBooks, lang: Lang) -> None:
    first, last = (_local(at or 0) for at in (books.first, books.last))
    say(term(Bookkeeping.AS_OF, lang).format(first=first, last=last))


def _say_more(count: int, lang: Lang) -> None:
    if count > SHOWN:
        say(term(Showing.MORE, lang).format(count=count - SHOWN))


def _heads(heads: Sequence[Bookkeeping], lang: Lang) -> tuple[str, ...]:
    return tuple(term(head, lang) for head in heads)


def _hours(minutes: Minutes) -> str:
    return f"{minutes // 60}:{minutes % 60:02}"


def _money(cents: int | None) -> str:
    """Give an amount in yuan."""
    return "-" if cents is None else f"{cents // 100}.{cents % 100:02}"
