"""What a comparison assumes: every number of its scenario and area, and what each rests on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from practice_core.areas import Basis, BasisKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from practice_core.simulation import Scenario

__all__ = ["Assumption", "assumptions"]

AREA = "area."
"""With which the keys of the area's numbers begin."""
SET = Basis(BasisKind.SET, "")


@attrs.frozen
class Assumption:
    """A number, list or table of numbers, and what it rests on.

    Parameters
    ----------
    key
        Its dotted key in the scenario, or in the area with ``area.`` before it.
    value
        A number, or a list or table of numbers.
    basis
        What it rests on; of the kind ``set`` if it was changed for this run.
    """

    key: str
    value: Any
    basis: Basis

    def to_dict(self) -> dict[str, Any]:
        """Give it as plain data."""
        basis = self.basis
        return {
            "key": self.key,
            "value": self.value,
            "basis": basis.kind.value,
            "source": basis.source,
            "range": None if basis.range is None else list(basis.range),
            "scale": None if basis.scale is None else list(basis.scale),
        }


def assumptions(scenario: Scenario) -> tuple[Assumption, ...]:
    """Give every number of a scenario and of its area, in the order of their files.

    Texts, switches and lists of names are not among them, nor numbers that the area's own tables
    make idle.

    Examples
    --------
    >>> from practice_core.simulation import load_scenario
    >>> week = load_scenario("wujiang").with_values({"horizon.weeks": 1})
    >>> found = {each.key: each for each in assumptions(week)}
    >>> found["answer.kd_per_km"].basis.kind.value, found["horizon.weeks"].basis.kind.value
    ('assumed', 'set')
    >>> found["area.network.station"].value
    289
    """
    area, idle = scenario.area, scenario.unused
    ours = [
        Assumption(key, value, scenario.bases.get(key, SET))
        for key, value in _numbers(scenario.values)
        if key not in idle
    ]
    theirs = [
        Assumption(f"{AREA}{key}", value, area.bases.get(key, SET))
        for key, value in _numbers(area.values)
    ]
    return (*ours, *theirs)


def _numbers(node: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Give what holds numbers and nothing else, by dotted key.

    A section is a table too: below it, one of numbers alone is a single value, such as a mix.
    """
    for name, part in node.items():
        key = f"{prefix}{name}"
        if isinstance(part, list):
            if _is_numbers(part):
                yield key, part
            for n, one in enumerate(part):
                if isinstance(one, dict):
                    yield from _numbers(one, f"{key}[{n}].")
        elif not isinstance(part, dict):
            if _is_number(part):
                yield key, part
        elif prefix and _is_numbers(list(part.values())):
            yield key, part
        else:
            yield from _numbers(part, f"{key}.")


def _is_numbers(parts: list[Any]) -> bool:
    return bool(parts) and all(map(_is_number, parts))


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
