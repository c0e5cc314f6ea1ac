"""Time networks of 1,000 to 100,000 sites, beside networkx that takes the same sites in.

Built is built and validated; refused is validated alone, of a network with one thing wrong; read is
read from the bytes of a file, once. Each other time is the best of some turns, the contenders in
turn, in one process. The exponent is that of a
power law through the times, by least squares of their logarithms: 1 is linear.
"""

from __future__ import annotations

import argparse
import json
import tracemalloc
from functools import partial
from itertools import cycle, islice
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import networkx as nx
import numpy as np

from practice_core.areas import network_texts, read_network
from practice_core.errors import DefinitionError
from practice_core.hierarchy import Hierarchy, Level, Site, SiteId
from tests.benchmarks.clock import seconds

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SIZES = (1_000, 10_000, 100_000)
QUERIES = 2_000
NEAREST = 5
FORMATS = ("toml", "csv", "geojson")


def county(count: int) -> list[Site]:
    """Give a county of so many sites: a hundredth are institutes, two thirds of the rest spots."""
    draw = np.random.default_rng(7)
    at = draw.normal((120.6, 31.1), (0.3, 0.2), (count, 2)).round(5).tolist()
    institutes = max(1, count // 100)
    stations = (count - institutes) // 3
    sites = []
    for n, (lon, lat) in enumerate(at):
        if n == 0:
            level, parent = Level.CENTER, None
        elif n <= institutes:
            level, parent = Level.INSTITUTE, 0
        elif n <= institutes + stations:
            level, parent = Level.STATION, 1 + n % institutes
        else:
            level, parent = Level.SPOT, 1 + institutes + n % stations
        above = None if parent is None else SiteId(f"s{parent:06}")
        sites.append(Site(SiteId(f"s{n:06}"), f"第{n}", level, above, lon, lat, synthetic=True))
    return sites


def inserted(sites: Sequence[Site]) -> nx.DiGraph[SiteId]:
    """Take the same sites into networkx, with the same fields, and nothing checked."""
    graph: nx.DiGraph[SiteId] = nx.DiGraph()
    for site in sites:
        graph.add_node(
            site.id,
            name=site.name,
            level=site.level,
            lon=site.lon,
            lat=site.lat,
            synthetic=site.synthetic,
        )
    graph.add_edges_from((site.parent, site.id) for site in sites if site.parent is not None)
    return graph


def refused(sites: Sequence[Site]) -> DefinitionError:
    """Validate a network with one thing wrong."""
    orphan = attrs.evolve(sites[-1], parent=SiteId("nobody"))
    try:
        Hierarchy([*sites[:-1], orphan])
    except DefinitionError as error:
        return error
    message = "a network with an orphan was built"
    raise AssertionError(message)


def bytes_of(sites: Sequence[Site]) -> float:
    """Give the bytes that a network takes for each site, beside the site itself."""
    tracemalloc.start()
    network = Hierarchy(sites)
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return held / len(network)


def measured_at(count: int, turns: int, queries: int) -> dict[str, float]:
    """Measure one size."""
    sites = county(count)
    times: dict[str, list[float]] = {"build": [], "refuse": [], "networkx": []}
    for _ in range(turns):
        times["build"].append(seconds(lambda: Hierarchy(sites)))
        times["refuse"].append(seconds(lambda: refused(sites)))
        times["networkx"].append(seconds(lambda: inserted(sites)))
    network = Hierarchy(sites)
    asked = list(islice(cycle(site.id for site in sites[:: max(1, count // queries)]), queries))
    network.nearest(asked[0], NEAREST)  # makes the k-d tree
    chain = min(seconds(lambda: [network.chain(site) for site in asked]) for _ in range(turns))
    near = min(
        seconds(lambda: [network.nearest(site, NEAREST) for site in asked]) for _ in range(turns)
    )
    for suffix in FORMATS:
        texts = {
            name: text.encode() for name, text in network_texts(network, f"x.{suffix}").items()
        }
        times[f"read_{suffix}"] = [seconds(partial(read_network, texts))]
    best = {name: min(taken) for name, taken in times.items()}
    return {
        **{f"{name}_seconds": round(taken, 5) for name, taken in best.items()},
        "build_over_networkx": round(best["build"] / best["networkx"], 2),
        "chains_per_s": round(queries / chain),
        "nearest_per_s": round(queries / near),
        "bytes_per_site": round(bytes_of(sites)),
    }


def exponent(times: Mapping[int, float]) -> float:
    """Give the exponent of the power law through times by size."""
    sizes, taken = np.log([*times]), np.log([*times.values()])
    return round(float(np.polyfit(sizes, taken, 1)[0]), 3)


def measured(
    sizes: Sequence[int] = SIZES, turns: int = 5, queries: int = QUERIES
) -> dict[str, float]:
    """Measure every size, and how times grow with it."""
    found = {size: measured_at(size, turns, queries) for size in sizes}
    return {
        **{f"{name}_{size}": value for size, at in found.items() for name, value in at.items()},
        **{
            f"{name}_exponent": exponent(
                {size: at[f"{name}_seconds"] for size, at in found.items()}
            )
            for name in ("build", "refuse", "networkx", *(f"read_{suffix}" for suffix in FORMATS))
        },
    }


def main() -> None:
    """Measure as the command line says."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--out", type=Path)
    asked = options.parse_args()
    text = json.dumps(measured(), indent=2) + "\n"
    print(text, end="")
    if asked.out:
        asked.out.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
