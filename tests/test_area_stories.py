"""The five areas: one order each, told as its documents tell it, under authority."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import attrs

from practice_core.areas import load_area, load_loop
from practice_core.hierarchy import Hierarchy, Level, Site
from practice_core.lifecycle import Role
from practice_core.orders import (
    AcceptOffer,
    Actor,
    CollectNeed,
    CompleteService,
    DeclineOffer,
    EscalateOrder,
    Links,
    OfferOrder,
    Order,
    OrderChannel,
    OrderState,
    PlaceOrder,
    PostOrder,
    RateOrder,
    Refusal,
    Refused,
    Request,
    RequestedTime,
    ReviewOrder,
    ScheduleService,
    ShowcaseOrder,
    Standing,
    StartService,
    authorise,
    consolidate,
    step,
)
from practice_core.terms import BeneficiaryGroup, Category
from practice_core.units import DAY, HOUR, ActorId, OrderId, SiteId, TeamId, instant
from practice_core.volunteers import BLOCKS_A_WEEK, Team

if TYPE_CHECKING:
    from collections.abc import Sequence

    from practice_core.orders import LoopProfile, OrderCommand, Standings
    from practice_core.units import Duration, Instant

CHINA = dt.timezone(dt.timedelta(hours=8))


class County:
    """Some sites of an area, its loop and its orders; everybody asks authority first."""

    def __init__(
        self,
        profile: LoopProfile,
        levels: Sequence[str],
        at: dt.datetime,
        *,
        links: Links | None = None,
        standings: Standings | None = None,
    ) -> None:
        chain = [SiteId(name) for name in levels]
        rank = [Level.CENTER, Level.INSTITUTE, Level.STATION]
        self.hierarchy = Hierarchy(
            [_site(one, rank[n], chain[n - 1] if n else None) for n, one in enumerate(chain)]
        )
        self.profile = profile
        self.links = links or Links()
        self.standings = standings or {}
        self.at: Instant = instant(at)
        self.orders: dict[str, Order] = {}

    def request(self, name: str, site: str, category: Category, by: Actor, **more: Any) -> Request:  # noqa: ANN401 - any field of a request
        route = self.profile.route(
            SiteId(site), self.hierarchy, category=category, links=self.links
        )
        fields: dict[str, Any] = {
            "placed_by": by.id,
            "earliest": self.at,
            "latest": self.at + 10 * DAY,
            "needed": 2,
            "duration": 90,
            "requested_time": RequestedTime.ANY,
        }
        return Request(
            id=OrderId(name),
            site=SiteId(site),
            category=category,
            placed_at=self.at,
            route=route,
            **fields | more,
        )

    def answer(self, name: str, command: OrderCommand, by: Actor) -> Order | Refusal:
        order = self.orders.get(name)
        refused = authorise(order, command, by, self.profile, self.hierarchy, self.links)
        done = refused or step(order, command, self.at, by, self.profile, self.standings)
        return Refusal(done.reason) if isinstance(done, Refused) else done[0]

    def then(self, name: str, command: OrderCommand, by: Actor, after: Duration = 0) -> OrderState:
        self.at += after
        answer = self.answer(name, command, by)
        assert isinstance(answer, Order), answer
        self.orders[name] = answer
        return answer.state

    def serve(self, name: str, team: Actor, start: Instant, minutes: int = 90) -> OrderState:
        """Agree on a time, come, and be done."""
        self.then(name, ScheduleService(start, start + 2 * HOUR), team)
        self.then(name, StartService(2), team, start - self.at)
        return self.then(name, CompleteService(minutes), team, 90 * 60_000)


def _site(name: SiteId, level: Level, parent: SiteId | None) -> Site:
    return Site(name, name, level, parent, 120.0, 31.0, synthetic=True)


def resident(name: str) -> Actor:
    return Actor(ActorId(name), Role.REQUESTER)


def officer(site: str) -> Actor:
    return Actor(ActorId(f"officer-of-{site}"), Role.OFFICER, site=SiteId(site))


def members(name: str) -> Actor:
    return Actor(ActorId(f"leader of {name}"), Role.TEAM, team=TeamId(name))


def team(name: str, home: str, **more: Any) -> Team:  # noqa: ANN401 - any field of a team
    fields: dict[str, Any] = {"categories": tuple(Category), "members": 20, "jobs_per_week": 3}
    return Team(id=TeamId(name), home=SiteId(home), free=(20,) * BLOCKS_A_WEEK, **fields | more)


def test_jintan_all_five_steps_to_the_showcase() -> None:
    """点·派·接·评·晒 (Xinhua, 2023-04-17), from a booking on the television to the shown result."""
    loop = load_loop("jintan").profile
    jintan = County(
        loop, ["jt-center", "yaotang", "village"], dt.datetime(2023, 4, 17, 9, tzinfo=CHINA)
    )
    wang, desk, choir = resident("wang"), officer("jt-center"), members("choir")
    booking = jintan.request(
        "j-1", "village", Category.CULTURE, wang, channel=OrderChannel.TELEVISION
    )
    assert jintan.then("j-1", PlaceOrder(booking), wang) is OrderState.REVIEWED  # no review step
    assert jintan.answer("j-1", PostOrder(DAY), desk) is Refusal.ROLE  # dispatched, not grabbed
    jintan.then("j-1", OfferOrder((TeamId("choir"),), DAY), desk, HOUR)
    jintan.then("j-1", AcceptOffer(), choir, HOUR)
    jintan.serve("j-1", choir, jintan.at + 2 * DAY)
    assert jintan.then("j-1", RateOrder(5), wang, HOUR) is OrderState.RATED
    assert jintan.answer("j-1", ShowcaseOrder(consent=False), desk) is Refusal.NO_CONSENT
    assert jintan.then("j-1", ShowcaseOrder(consent=True), desk) is OrderState.SHOWCASED


def test_wujiang_a_need_is_collected_merged_declined_and_served_by_an_ally() -> None:
    """收集需求→基层点单→中心派单→团队接单→群众评单, and the alliance Qingpu-Wujiang-Jiashan."""
    area = load_area("wujiang")
    wujiang = County(
        area.profile,
        ["wj-center", "town", "village"],
        dt.datetime(2021, 6, 28, 9, tzinfo=CHINA),
        links=area.links,
    )
    helper = Actor(ActorId("helper"), Role.PROXY, site=SiteId("village"))
    station, center, ally = officer("village"), officer("wj-center"), officer("qingpu-center")
    for name, whom in (("w-1", "old Li"), ("w-2", "old Shen")):
        need = wujiang.request(
            name,
            "village",
            Category.HEALTH,
            helper,
            for_whom=ActorId(whom.replace(" ", "-")),
            group=BeneficiaryGroup.ELDERLY,
        )
        wujiang.then(name, CollectNeed(need), helper)
    one, other = wujiang.orders["w-1"], wujiang.orders["w-2"]
    merged = consolidate(one, [other], wujiang.at, center, wujiang.profile)
    assert not isinstance(merged, Refused)
    wujiang.orders |= {order.id: order for order, _ in merged}
    assert wujiang.orders["w-2"].state is OrderState.CLOSED

    order = attrs.evolve(wujiang.orders["w-1"].request, placed_at=wujiang.at)
    wujiang.then("w-1", PlaceOrder(order), station)  # the grassroots order
    assert wujiang.answer("w-1", ReviewOrder(), station) is Refusal.SCOPE  # the center holds it
    wujiang.then("w-1", ReviewOrder(), center, HOUR)
    for clinic in ("clinic", "red-cross"):
        wujiang.then("w-1", OfferOrder((TeamId(clinic),), DAY), center, HOUR)
        wujiang.then("w-1", DeclineOffer(), members(clinic), HOUR)
    assert wujiang.orders["w-1"].attempts == 2
    assert wujiang.answer("w-1", ReviewOrder(), ally) is Refusal.UNKNOWN_ORDER  # not yet theirs

    wujiang.then("w-1", EscalateOrder(), center)
    assert wujiang.orders["w-1"].holder == "qingpu-center"
    refused = wujiang.answer("w-1", OfferOrder((TeamId("clinic-2"),), DAY), center)
    assert refused is Refusal.SCOPE  # read, no longer command
    wujiang.then("w-1", OfferOrder((TeamId("qingpu-doctors"),), DAY), ally)
    doctors = members("qingpu-doctors")
    wujiang.then("w-1", AcceptOffer(), doctors, HOUR)
    wujiang.serve("w-1", doctors, wujiang.at + DAY)
    rated = wujiang.then("w-1", RateOrder(5), helper)
    assert (rated, wujiang.orders["w-1"].docket.merged) == (OrderState.CLOSED, ("w-2",))


def test_tengzhou_a_villagers_order_is_grabbed_and_rated() -> None:
    """群众点单→志愿者接单→群众评单 (about 2020-11): no step of dispatch."""
    loop = load_loop("tengzhou").profile
    tengzhou = County(
        loop, ["tz-center", "hongxu", "longzhuang"], dt.datetime(2020, 11, 2, 8, tzinfo=CHINA)
    )
    villager, station = resident("villager"), officer("longzhuang")
    haircut = tengzhou.request("t-1", "longzhuang", Category.AID, villager)
    tengzhou.then("t-1", PlaceOrder(haircut), villager)
    offer = OfferOrder((TeamId("barbers"),), DAY)
    assert tengzhou.answer("t-1", offer, station) is Refusal.ROLE  # nobody dispatches
    tengzhou.then("t-1", PostOrder(DAY), station)
    barbers = members("barbers")
    tengzhou.then("t-1", AcceptOffer(), barbers, HOUR)
    assert tengzhou.answer("t-1", AcceptOffer(), members("slow")) is Refusal.UNKNOWN_ORDER
    tengzhou.serve("t-1", barbers, tengzhou.at + DAY)
    assert tengzhou.then("t-1", RateOrder(4), villager) is OrderState.CLOSED


def test_zhangjiagang_a_letter_becomes_an_order_that_a_city_body_takes() -> None:
    """基层开单, 市级接单 (People's Daily Online, 2019): for a resident without a phone."""
    loop = load_loop("zhangjiagang").profile
    teams = {
        "city-library": Standing(team("city-library", "zjg-center"), level=Level.CENTER),
        "village-readers": Standing(team("village-readers", "village"), level=Level.STATION),
    }
    zhangjiagang = County(
        loop,
        ["zjg-center", "town", "village"],
        dt.datetime(2019, 11, 4, 10, tzinfo=CHINA),
        standings={TeamId(name): one for name, one in teams.items()},
    )
    writer, station = resident("letter-writer"), officer("village")
    letter = zhangjiagang.request(
        "z-1", "village", Category.EDUCATION, writer, channel=OrderChannel.LETTER
    )
    assert zhangjiagang.answer("z-1", PlaceOrder(letter), officer("elsewhere")) is Refusal.SCOPE
    zhangjiagang.then("z-1", PlaceOrder(letter), station)
    zhangjiagang.then("z-1", PostOrder(DAY), station)
    readers, library = members("village-readers"), members("city-library")
    assert zhangjiagang.answer("z-1", AcceptOffer(), readers) is Refusal.NOT_TAKER
    zhangjiagang.then("z-1", AcceptOffer(), library, HOUR)
    zhangjiagang.serve("z-1", library, zhangjiagang.at + 3 * DAY)
    zhangjiagang.then("z-1", RateOrder(5), writer, 2 * DAY)  # the reply came by letter too
    order = zhangjiagang.orders["z-1"]
    assert (order.state, order.request.channel) == (OrderState.CLOSED, OrderChannel.LETTER)


def test_taicang_an_evening_order_is_served_by_a_host() -> None:
    """Evening sessions for commuters, each with its host (主理人), of a sector's sub-center."""
    loop = load_loop("taicang").profile
    monday_noon = dt.datetime(2024, 6, 3, 12, tzinfo=CHINA)
    evening = instant(dt.datetime(2024, 6, 5, 19, tzinfo=CHINA))
    host = TeamId("host-of-calligraphy")
    busy = Standing(team(host, "culture"), engaged=((evening - HOUR, evening + HOUR),))
    taicang = County(
        loop,
        ["tc-center", "town", "estate"],
        monday_noon,
        links=Links(sectors={Category.CULTURE: SiteId("culture")}),
        standings={host: busy},
    )
    commuter = resident("commuter")
    session = taicang.request(
        "c-1",
        "estate",
        Category.CULTURE,
        commuter,
        requested_time=RequestedTime.EVENING_WEEKEND,
        needed=1,
    )
    assert session.route == ("estate", "town", "culture", "tc-center")
    taicang.then("c-1", PlaceOrder(session), commuter)
    for desk in ("estate", "town"):
        taicang.then("c-1", EscalateOrder(), officer(desk))
    sector = officer("culture")
    assert taicang.answer("c-1", EscalateOrder(), officer("town")) is Refusal.SCOPE
    taicang.then("c-1", OfferOrder((host,), DAY), sector)
    taicang.then("c-1", AcceptOffer(), members(host), HOUR)
    tonight = ScheduleService(evening, evening + 2 * HOUR)
    assert taicang.answer("c-1", tonight, members(host)) is Refusal.DOUBLE_BOOKED
    taicang.serve("c-1", members(host), evening + DAY)
    assert taicang.then("c-1", RateOrder(5), commuter) is OrderState.CLOSED
