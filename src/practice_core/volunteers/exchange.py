"""Volunteers exchanged between allied areas, who get a certificate of both."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from practice_core.errors import DefinitionError, Fault
from practice_core.units import is_identifier
from practice_core.volunteers.certificate import Asker, CertificateRequest, certify
from practice_core.volunteers.volunteer import opaque_faults

if TYPE_CHECKING:
    from collections.abc import Iterator

    from practice_core.units import Instant, OrderId, VolunteerId
    from practice_core.volunteers.attendance import RecordRules
    from practice_core.volunteers.book import RecordBook
    from practice_core.volunteers.certificate import Certificate, Issuer

__all__ = ["Exchange", "exchange_certificates"]

_IDENTIFIER = "1 to 64 of A-Za-z0-9._:-, first a letter or digit"


@attrs.frozen(kw_only=True)
class Exchange:
    """Volunteers of one area sent to serve in an allied one for a while.

    They stay volunteers of their home area, and are asked, never ordered, as at home.

    Parameters
    ----------
    id
        Of the exchange.
    home, host
        Ids of the area that sends and of the one that receives.
    alliance
        The ids of all areas allied, both among them.
    volunteers
        Who is sent.
    since, until
        From when on, and until when, in ms since 1970-01-01T00:00Z.
    orders
        The orders of the host on which they are sent to serve.

    Raises
    ------
    DefinitionError
        With every fault: areas that are not allied or the same, nobody, somebody twice or by
        something other than an opaque number, no time.
    """

    id: str
    home: str
    host: str
    alliance: frozenset[str]
    volunteers: tuple[VolunteerId, ...]
    since: Instant
    until: Instant
    orders: frozenset[OrderId]

    def __attrs_post_init__(self) -> None:
        faults = tuple(self._faults())
        if faults:
            subject = "exchange"
            raise DefinitionError(subject, faults)

    def _faults(self) -> Iterator[Fault]:
        if not is_identifier(self.id) or not is_identifier(f"{self.id}-{len(self.volunteers)}"):
            yield Fault("exchange: id", repr(self.id), _IDENTIFIER, "give it another id")
        for key, area in (("home", self.home), ("host", self.host)):
            if area not in self.alliance:
                expected = f"one of {', '.join(sorted(self.alliance))}"
                found = f"{area!r}, which is not allied"
                yield Fault(f"exchange: {key}", found, expected, "ally with it, or name another")
        if self.home == self.host:
            yield Fault("exchange: host", "the home area", "another", "name the receiving area")
        if not self.volunteers or len(set(self.volunteers)) < len(self.volunteers):
            found = "nobody" if not self.volunteers else "somebody twice"
            yield Fault("exchange: volunteers", found, "one or more, each once", "mend the list")
        for n, who in enumerate(self.volunteers):
            yield from opaque_faults(f"exchange: volunteers[{n}]", who)
        if self.until <= self.since:
            yield Fault("exchange: until", "no later than since", "a later one", "mend the period")


def exchange_certificates(
    exchange: Exchange,
    book: RecordBook,
    rules: RecordRules,
    issuers: tuple[Issuer, Issuer],
    *,
    at: Instant,
) -> tuple[Certificate, ...]:
    """Issue the certificates of an exchange, each by both areas.

    Parameters
    ----------
    exchange
        Who was sent where.
    book
        The records of the host.
    rules
        As for `certify`.
    issuers
        The center that sent, and the one that received.
    at
        When.

    Returns
    -------
    tuple of Certificate
        One for each who served, in the order of the exchange and numbered so; who did not serve
        has none.

    Raises
    ------
    DefinitionError
        As for `certify`.
    """
    requests = (
        CertificateRequest(
            number=f"{exchange.id}-{number}",
            volunteer=who,
            at=at,
            since=exchange.since,
            until=exchange.until,
            asked_by=Asker.ALLIANCE,
            orders=exchange.orders,
            exchange=exchange.id,
        )
        for number, who in enumerate(exchange.volunteers, 1)
    )
    issued = (certify(request, book, rules, issuers) for request in requests)
    return tuple(certificate for certificate in issued if certificate is not None)
