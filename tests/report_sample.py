"""A result as plain data, made up, with every part that a page can show: for tests only."""

from __future__ import annotations

import math
import re
from functools import cache
from pathlib import Path
from typing import Any

from practice_core.experiment import caveats
from practice_core.simulation import GROUPS, KPIS

INJECTIONS = Path(__file__).parent / "data" / "injections.txt"
POLICIES = ("status_quo", "nearest", "random")
STATIONS, SPOTS = 289, 500
CATEGORIES = ("theory", "education", "culture", "science", "health", "law", "environment", "aid")


@cache
def injections() -> tuple[str, ...]:
    """Texts that would run, if anything took them for more than text."""
    lines = INJECTIONS.read_text(encoding="utf-8").splitlines()
    return tuple(re.sub(r"\\u([0-9a-f]{4})", _letter, line) for line in lines)


def _letter(found: re.Match[str]) -> str:
    return chr(int(found[1], 16))


def plain(
    *, decided: bool = True, stations: int = STATIONS, spots: int = SPOTS, weeks: int = 4
) -> dict[str, Any]:
    """Give a decision, or a preview, on an area of invented shape."""
    sites = _sites(stations, spots)
    found: dict[str, Any] = {
        "area": "wujiang",
        "seed": 7,
        "replications": 10,
        "weeks": weeks,
        "measures": {policy: {kpi: _mean(policy, kpi) for kpi in KPIS} for policy in POLICIES},
        "comparisons": [
            {
                "policy": policy,
                "baseline": "status_quo",
                "kpi": kpi,
                "mean": 0.01 * n,
                "low": 0.01 * n - 0.004,
                "high": 0.01 * n + 0.004,
            }
            for n, policy in enumerate(POLICIES[1:], start=1)
            for kpi in KPIS
        ],
        "groups": {
            policy: {
                dimension.value: {
                    group.value: {"served_share": _mean(policy, "served_share", k)}
                    for k, group in enumerate(groups)
                }
                for dimension, groups in GROUPS.items()
            }
            for policy in POLICIES
        },
        "portrait": {
            "policy": "nearest" if decided else "status_quo",
            "replication": 0,
            "weeks": weeks,
            "name": {"zh": "吴江", "en": "Wujiang"},
            "made_up": {"sites": True, "teams": True},
            "outline": [[_ring(0.3), _ring(0.02)]],
            "sites": sites,
            "hours": [(hour * 7) % 11 if hour % 24 > 6 else 0 for hour in range(168)],
            "blocks": [(block * 5) % 17 for block in range(21)],
            "categories": [
                {
                    "category": category,
                    "teams": 40 + 90 * n,
                    "orders": 50 + 10 * n,
                    "served": 38 + 9 * n,
                    "nobody": n % 3,
                }
                for n, category in enumerate(CATEGORIES)
            ],
            "points": {
                "rules": "wujiang-default",
                "source": "not published",
                "rate_per_hour": 10,
                "quantum_minutes": 6,
                "records": 60_000,
                "volunteers": 31_000,
                "points": 1_000 * weeks,
                "by_week": [1_000] * weeks,
            },
        },
        "assumptions": _assumptions(),
        "method": {
            "versions": {"practice-core": "0.1.0", "python": "3.11.7"},
            "code": "c0de",
            "scenario": "5ce0",
            "looks": [10, 20, 40] if decided else None,
            "delta": 0.01 if decided else None,
            "settings": 20 if decided else None,
            "warmup_weeks": 5,
            "runout_days": 28,
            "starts_on": "2020-03-02",
            "city": "replication",
        },
    }
    return found | (_decision() if decided else {})


def _mean(policy: str, kpi: str, group: int = 0) -> dict[str, float | None]:
    rank = POLICIES.index(policy)
    if kpi == "service_rm":
        return {"mean": 180.0 + 12 * rank, "half_width": 4.0}
    if kpi == "wasted_km":
        return {"mean": None, "half_width": None}
    base = {0: 0.86, 1: 0.88, 2: 0.72}[rank] - 0.01 * group
    return {"mean": base, "half_width": 0.006}


def _decision() -> dict[str, Any]:
    said = " ".join(caveats("en")[1:]), "".join(caveats("zh")[1:])
    pair = {"low": 0.012, "high": 0.028, "replications": 10, "needed": None}
    return {
        "verdict": {
            "policy": "nearest",
            "against": "status_quo",
            "kpi": "served_share",
            "status": "better",
            "delta": 0.01,
            "difference": 0.02,
            "low": 0.012,
            "high": 0.028,
            "may_be_best": ["nearest"],
            "pairs": [
                {
                    "policy": "nearest",
                    "against": "status_quo",
                    "status": "better",
                    "mean": 0.02,
                    **pair,
                },
                {
                    "policy": "nearest",
                    "against": "random",
                    "status": "better",
                    "mean": 0.16,
                    **pair,
                },
                {
                    "policy": "status_quo",
                    "against": "random",
                    "status": "undecided",
                    "mean": 0.14,
                    **pair,
                    "needed": 12,
                },
            ],
            "guardrails": [
                {
                    "kpi": "service_rm",
                    "status": "kept",
                    "delta": 2.0,
                    "mean": -9.0,
                    "low": -12.0,
                    "high": -6.0,
                },
                {
                    "kpi": "served_share_far",
                    "status": "unclear",
                    "delta": 0.02,
                    "mean": 0.0,
                    "low": -0.03,
                    "high": 0.03,
                },
            ],
            "wording": {"en": f"nearest is better. {said[0]}", "zh": f"nearest 更好。{said[1]}"},
        },
        "settings": {
            policy: {"best_or_equivalent": count, "of": 20}
            for policy, count in zip(POLICIES, (6, 17, 1), strict=True)
        },
        "tipping": [
            {
                "input": "answer.kd_per_km",
                "between": ["nearest", "status_quo"],
                "base": 0.1,
                "value": 0.031,
                "low": 0.02,
                "high": 0.044,
                "least": 0.0,
                "most": 0.2,
            },
            {
                "input": "answer.kn",
                "between": ["nearest", "status_quo"],
                "base": 0.25,
                "value": 0.61,
                "low": 0.5,
                "high": None,
                "least": 0.0,
                "most": 0.75,
            },
        ],
        "bound": {
            "served_share": [0.95, 0.96, None],
            "service_rm": [142.0, 140.0],
            "km_per_served": [5.0, 5.2],
            "reasons": {
                "possible": 0.955,
                "served": 0.88,
                "distance": 0.075,
                "no_start": 0.01,
                "late": 0.02,
                "nobody": 0.01,
                "unwilling": 0.005,
                "contested": 0.0,
                "capture": 0.6,
            },
        },
    }


def _assumptions() -> list[dict[str, Any]]:
    none = {"range": None, "scale": None}
    return [
        {
            "key": "answer.kd_per_km",
            "value": 0.1,
            "basis": "assumed",
            "source": "nothing published",
            "range": [0.0, 0.2],
            "scale": None,
        },
        {"key": "teams.count", "value": 2028, "basis": "published", "source": "a document", **none},
        {
            "key": "teams.members_median",
            "value": 35,
            "basis": "derived",
            "source": "55 / 1.57",
            **none,
        },
        {"key": "horizon.weeks", "value": 4, "basis": "set", "source": "", **none},
        {
            "key": "resident.mix",
            "value": {"law": 0.07, "aid": 0.93},
            "basis": "assumed",
            "source": "residents ask for services",
            "range": None,
            "scale": [0.5, 2.0],
        },
        {
            "key": "teams.archetype",
            "value": {"law": [0.4, 0, 0.6, 0]},
            "basis": "assumed",
            "source": "by profession",
            "range": None,
            "scale": [0.5, 2.0],
        },
    ]


def _ring(size: float) -> list[list[float]]:
    """Give a closed ring, 24 corners around the middle."""
    turns = [math.tau * n / 24 for n in range(24)]
    ring = [
        [120.6 + size * (1 + 0.2 * math.cos(3 * a)) * math.cos(a), 31.0 + size * math.sin(a)]
        for a in turns
    ]
    return [*ring, ring[0]]


def _sites(stations: int, spots: int) -> list[dict[str, Any]]:
    kinds = [("center", "c", 1), ("institute", "i", 11), ("station", "s", stations)]
    kinds.append(("spot", "p", spots))
    chains: dict[str, list[str]] = {}
    sites: list[dict[str, Any]] = []
    for level, letter, count in kinds:
        for n in range(count):
            name = f"wj-{letter}{n + 1:03d}" if level != "center" else "wj"
            parent = {
                "center": None,
                "institute": "wj",
                "station": f"wj-i{n % 11 + 1:03d}",
                "spot": f"wj-s{n % max(1, stations) + 1:03d}",
            }[level]
            chains[name] = [] if parent is None else [parent, *chains[parent]]
            k = len(sites)
            far, turn = 0.27 * math.sqrt((k + 0.5) / 801), 2.4 * k
            orders = k % 9 if level in {"station", "institute"} else 0
            teams = k % 5 if level != "spot" else 0
            sites.append(
                {
                    "id": name,
                    "name": f"{level} {n + 1}",
                    "level": level,
                    "chain": chains[name],
                    "lon": round(120.6 + far * math.cos(turn), 5),
                    "lat": round(31.0 + far * math.sin(turn), 5),
                    "synthetic": True,
                    "teams": teams,
                    "orders": orders,
                    "served": orders - orders // 4,
                    "wait_hours": 20.0 + 7.3 * (k % 13) if orders else None,
                    "jobs": 3 * teams,
                    "load": round(0.03 * (k % 7), 4) if teams else None,
                    "week": [(k + 3 * block) % 4 for block in range(21)],
                }
            )
    return sites
