"""The certificate of service: what the records say of a volunteer's service, and nothing else.

A certificate has four groups of fields: of the volunteer, of the service, of who issues it, and of
the certificate itself. What would say who the volunteer is, and by whose hand it is signed, is not
kept here: it stays blank for whoever issues it to fill in.
"""

from __future__ import annotations

import enum
import json
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs

from practice_core.errors import DefinitionError, Fault, shown
from practice_core.terms import term
from practice_core.units import DAY, is_identifier, moment
from practice_core.volunteers.volunteer import opaque_faults

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from practice_core.terms import Category, Lang
    from practice_core.units import ActorId, Duration, Instant, Minutes, OrderId, VolunteerId
    from practice_core.volunteers.attendance import RecordRules
    from practice_core.volunteers.book import RecordBook
    from practice_core.volunteers.records import ServiceRecord

    Line: TypeAlias = tuple["CertificateWord", Mapping[str, Any]]

__all__ = [
    "Asker",
    "Certificate",
    "CertificateRequest",
    "CertificateWord",
    "Certified",
    "Certifier",
    "Issuer",
    "certify",
    "hours_text",
]

_DIGEST_BYTES = 16
_LONGEST_NAME = 80
_MOST_ISSUERS = 4
_SIX_MINUTES = 6


class Certifier(enum.StrEnum):
    """What may issue a certificate, of what it recorded itself (MCA Order 67)."""

    VOLUNTEER_ORGANISATION = "volunteer_organisation"
    CHARITY = "charity"
    COMMITTEE = "committee"
    """Of villagers or residents."""
    EVENT_ORGANISER = "event_organiser"
    PUBLIC_BODY = "public_body"
    """A public service body that recruits volunteers itself."""


class Asker(enum.StrEnum):
    """Who asks for a certificate."""

    VOLUNTEER = "volunteer"
    GUARDIAN = "guardian"
    ALLIANCE = "alliance"
    """The allied areas, for volunteers whom they exchanged."""


class CertificateWord(enum.StrEnum):
    """What stands on a certificate beside its figures."""

    TITLE = "title"
    GROUP_VOLUNTEER = "group_volunteer"
    GROUP_SERVICE = "group_service"
    GROUP_ISSUER = "group_issuer"
    GROUP_CERTIFICATE = "group_certificate"
    NAME = "name"
    IDENTITY = "identity"
    NUMBER = "number"
    PERIOD = "period"
    SERVICE = "service"
    NO_CATEGORY = "no_category"
    TOTAL = "total"
    ISSUER = "issuer"
    HEAD = "head"
    HANDLER = "handler"
    CONTACT = "contact"
    CERTIFICATE_NUMBER = "certificate_number"
    ISSUED = "issued"
    ASKED = "asked"
    NOTICE = "notice"
    SEAL = "seal"
    EXCHANGE = "exchange"
    DIGEST = "digest"
    BLANK = "blank"


@attrs.frozen
class Issuer:
    """An organisation that issues certificates: its name, never a person's.

    Parameters
    ----------
    name_zh, name_en
        What it is called: one line of 1 to 80 characters.
    handler
        The number of whoever handles the certificate there.
    kind
        What it is.
    """

    name_zh: str
    name_en: str
    handler: ActorId
    kind: Certifier = Certifier.VOLUNTEER_ORGANISATION

    def name(self, lang: Lang = "en") -> str:
        """Give what it is called."""
        return self.name_zh if lang == "zh" else self.name_en


@attrs.frozen(kw_only=True)
class CertificateRequest:
    """What somebody asks to have certified.

    Parameters
    ----------
    number
        Of the certificate, by which it is filed.
    volunteer
        Whose service.
    asked_by
        Who asks: nobody else may.
    at
        When, in ms since 1970-01-01T00:00Z.
    since, until
        Service that ended from `since` on and before `until`.
    orders
        Service on these orders alone; None: on any.
    exchange
        The exchange on which the volunteer was sent, if it is of one.
    """

    number: str
    volunteer: VolunteerId
    at: Instant
    since: Instant
    until: Instant
    asked_by: Asker = Asker.VOLUNTEER
    orders: frozenset[OrderId] | None = None
    exchange: str | None = None


@attrs.frozen
class Certified:
    """One service on a certificate, as it was recorded."""

    order: OrderId
    at: Instant
    minutes: Minutes
    category: Category | None


@attrs.frozen(kw_only=True)
class Certificate:
    """What was certified.

    Parameters
    ----------
    request
        What was asked for.
    services
        By their end.
    issuers
        One, or several that issue it together.
    notice_days
        For how many days it is shown inside the unit; None: no rule says.
    offset
        Local time east of UTC, in ms.
    """

    request: CertificateRequest
    services: tuple[Certified, ...]
    issuers: tuple[Issuer, ...]
    notice_days: int | None
    offset: Duration

    @property
    def minutes(self) -> Minutes:
        """Whole minutes of all services."""
        return sum(service.minutes for service in self.services)

    @property
    def digest(self) -> str:
        """BLAKE2b of all that it says, 32 hexadecimal digits: the same records, the same digest.

        Whoever has the records can make it anew and compare. It holds no secret, so it shows that
        two certificates say the same, not who made them: that is for the seal.
        """
        said = attrs.asdict(self, value_serializer=_plain)
        text = json.dumps(said, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
        return blake2b(text.encode(), digest_size=_DIGEST_BYTES).hexdigest()

    def text(self, lang: Lang = "en") -> str:
        """Give it as text: four groups of fields, one field a line, blank what is not kept here."""
        return "\n".join(_lines(self, lang)) + "\n"


def certify(
    request: CertificateRequest,
    book: RecordBook,
    rules: RecordRules,
    issuers: tuple[Issuer, ...],
) -> Certificate | None:
    """Issue a certificate on request, of what stands in the records and of nothing else.

    Entries that are refused or replaced, services of no minutes, of another volunteer or outside
    what was asked for are left out; `book` says why each of the first does not stand.

    Parameters
    ----------
    request
        What somebody asks for.
    book
        The records of the issuer: of the volunteer, or of more.
    rules
        How long it is shown, and the local time.
    issuers
        Who issues it.

    Returns
    -------
    Certificate or None
        None if there is nothing to certify.

    Raises
    ------
    DefinitionError
        With every fault of the request and the issuers.

    Examples
    --------
    >>> from practice_core.volunteers import Entry, RecordRules, ServiceRecord, record_book
    >>> rules = RecordRules(notice_days=7)
    >>> served = ServiceRecord("v-1", "o-1", 3_600_000, 100)
    >>> book = record_book([Entry(served, 3_600_000, "a-1")], rules)
    >>> asked = CertificateRequest(number="c-1", volunteer="v-1", at=DAY, since=0, until=DAY)
    >>> given = certify(asked, book, rules, (Issuer("河村站", "River Village", "a-1"),))
    >>> given.minutes, hours_text(given.minutes)
    (100, '1.6')
    """
    faults = [*_request_faults(request), *_issuer_faults(issuers)]
    if faults:
        subject = "certificate"
        raise DefinitionError(subject, faults)
    services = tuple(
        Certified(one.order, one.at, one.minutes, one.category)
        for one in (entry.record for entry in book.standing if entry.at <= request.at)
        if _asked_for(request, one)
    )
    if not services:
        return None
    return Certificate(
        request=request,
        services=services,
        issuers=issuers,
        notice_days=rules.notice_days,
        offset=rules.offset,
    )


def hours_text(minutes: Minutes) -> str:
    """Give minutes as hours with one decimal, never more than were served.

    >>> hours_text(150), hours_text(119)
    ('2.5', '1.9')
    """
    tenths = minutes // _SIX_MINUTES
    return f"{tenths // 10}.{tenths % 10}"


def _asked_for(request: CertificateRequest, record: ServiceRecord) -> bool:
    theirs = record.volunteer == request.volunteer and record.minutes > 0
    within = request.since <= record.at < request.until
    return theirs and within and (request.orders is None or record.order in request.orders)


def _day(at: Instant, given: Certificate) -> str:
    return moment(at, offset=given.offset).date().isoformat()


def _plain(_: object, __: object, node: object) -> object:
    return sorted(node) if isinstance(node, frozenset) else node


def _request_faults(request: CertificateRequest) -> Iterator[Fault]:
    yield from opaque_faults("request: volunteer", request.volunteer)
    for key, text in (("number", request.number), ("exchange", request.exchange)):
        if text is not None and not is_identifier(text):
            expected = "1 to 64 of A-Za-z0-9._:-, first a letter or digit"
            yield Fault(f"request: {key}", repr(text), expected, f"change {key}")
    if request.until <= request.since:
        yield Fault("request: until", "no later than since", "a later one", "mend the period")


def _issuer_faults(issuers: tuple[Issuer, ...]) -> Iterator[Fault]:
    if not 1 <= len(issuers) <= _MOST_ISSUERS:
        expected = f"1 to {_MOST_ISSUERS}"
        yield Fault("issuers", f"{len(issuers)} issuers", expected, "say who issues it")
    for n, issuer in enumerate(issuers):
        yield from opaque_faults(f"issuers[{n}].handler", issuer.handler)
        for key, name in (("name_zh", issuer.name_zh), ("name_en", issuer.name_en)):
            if not name.strip() or len(name) > _LONGEST_NAME or shown(name) != name:
                expected = f"one line of 1 to {_LONGEST_NAME} characters"
                place = f"issuers[{n}].{key}"
                yield Fault(place, f"'{shown(name[:_LONGEST_NAME])}'", expected, "mend the name")


def _lines(given: Certificate, lang: Lang) -> Iterator[str]:
    yield term(CertificateWord.TITLE, lang)
    for group in (_volunteer_group, _service_group, _issuer_group, _certificate_group):
        yield ""
        for word, figures in group(given, lang):
            yield term(word, lang).format(blank=term(CertificateWord.BLANK, lang), **figures)


def _volunteer_group(given: Certificate, _: Lang) -> Iterator[Line]:
    yield CertificateWord.GROUP_VOLUNTEER, {}
    yield CertificateWord.NAME, {}
    yield CertificateWord.IDENTITY, {}
    yield CertificateWord.NUMBER, {"number": given.request.volunteer}


def _service_group(given: Certificate, lang: Lang) -> Iterator[Line]:
    yield CertificateWord.GROUP_SERVICE, {}
    # The period ends before `until`: its last day is that of the millisecond before.
    first, last = _day(given.request.since, given), _day(given.request.until - 1, given)
    yield CertificateWord.PERIOD, {"first": first, "last": last}
    for number, service in enumerate(given.services, 1):
        category = service.category or CertificateWord.NO_CATEGORY
        yield (
            CertificateWord.SERVICE,
            {
                "number": number,
                "day": _day(service.at, given),
                "category": term(category, lang),
                "order": service.order,
                "minutes": service.minutes,
                "hours": hours_text(service.minutes),
            },
        )
    yield (
        CertificateWord.TOTAL,
        {
            "count": len(given.services),
            "minutes": given.minutes,
            "hours": hours_text(given.minutes),
        },
    )


def _issuer_group(given: Certificate, lang: Lang) -> Iterator[Line]:
    yield CertificateWord.GROUP_ISSUER, {}
    for issuer in given.issuers:
        figures = {"name": issuer.name(lang), "kind": term(issuer.kind, lang)}
        yield CertificateWord.ISSUER, figures
        yield CertificateWord.HEAD, {}
        yield CertificateWord.HANDLER, {"number": issuer.handler}
        yield CertificateWord.CONTACT, {}


def _certificate_group(given: Certificate, lang: Lang) -> Iterator[Line]:
    request = given.request
    yield CertificateWord.GROUP_CERTIFICATE, {}
    yield CertificateWord.CERTIFICATE_NUMBER, {"number": request.number}
    yield CertificateWord.ISSUED, {"day": _day(request.at, given)}
    yield CertificateWord.ASKED, {"asker": term(request.asked_by, lang)}
    if given.notice_days is not None:
        until = _day(request.at + given.notice_days * DAY, given)
        yield CertificateWord.NOTICE, {"days": given.notice_days, "day": until}
    if request.exchange is not None:
        yield CertificateWord.EXCHANGE, {"exchange": request.exchange}
    yield CertificateWord.SEAL, {}
    yield CertificateWord.DIGEST, {"digest": given.digest}
