"""The network of practice sites: who hangs on whom, and where they stand.

A county's sites form one tree: a center (实践中心), its institutes (实践所), their stations
(实践站) and spots (实践点). This room says what a site is, refuses a tree that is not one with
every fault at once, and answers who is above, who is below and who is near. It never draws a random
number, reads a file or knows an order; networkx is imported in here and nowhere else.

Examples
--------
>>> center = Site(SiteId("wj"), "中心", Level.CENTER, None, 120.645, 31.139, synthetic=True)
>>> town = Site(SiteId("wj-i01"), "所", Level.INSTITUTE, center.id, 120.64, 31.16, synthetic=True)
>>> village = Site(SiteId("wj-s001"), "站", Level.STATION, town.id, 120.7, 31.1, synthetic=True)
>>> wujiang = Hierarchy([village, center, town])
>>> wujiang
<Hierarchy of wj: center 1, institute 1, station 1, spot 0>
>>> wujiang.chain(SiteId("wj-s001"))
('wj-s001', 'wj-i01', 'wj')
>>> wujiang.covers(SiteId("wj-i01"), SiteId("wj-s001"))
True
>>> round(wujiang.km(SiteId("wj"), SiteId("wj-s001")), 1)
6.8
"""

from practice_core.hierarchy.changes import Change, Difference, difference
from practice_core.hierarchy.federation import Federation
from practice_core.hierarchy.geometry import Outline, great_circle_km
from practice_core.hierarchy.relations import OtherEnd, Relation, RelationKind
from practice_core.hierarchy.sites import Level, Site, SiteKind
from practice_core.hierarchy.tree import Hierarchy
from practice_core.units import SiteId

__all__ = [
    "Change",
    "Difference",
    "Federation",
    "Hierarchy",
    "Level",
    "OtherEnd",
    "Outline",
    "Relation",
    "RelationKind",
    "Site",
    "SiteId",
    "SiteKind",
    "difference",
    "great_circle_km",
]
