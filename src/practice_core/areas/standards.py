"""Standards of sites and areas as files: what each asks for, and which document says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from practice_core.areas.local import (
    HeadFile,
    Local,
    load_local,
    local_names,
    part_faults,
    read_local,
)
from practice_core.areas.tables import summed_up
from practice_core.hierarchy import Level  # noqa: TC001 - cattrs reads the fields' types
from practice_core.standards import Demand, Standard
from practice_core.terms import Category  # noqa: TC001 - cattrs reads the fields' types

if TYPE_CHECKING:
    from collections.abc import Mapping
    from os import PathLike

    from practice_core.areas.files import Basis

__all__ = ["load_standard", "read_standard", "standard_names"]


@attrs.frozen(kw_only=True)
class _DemandFile:
    key: str
    zh: str
    en: str
    least: int
    levels: list[Level] = attrs.field(factory=list)
    monthly: bool = False
    category: Category | None = None


@attrs.frozen(kw_only=True)
class _StandardFile(HeadFile):
    demands: list[_DemandFile]
    five_star_yuan: dict[Level, int] = attrs.field(factory=dict)


def standard_names() -> tuple[str, ...]:
    """Give the names of the standards that ship."""
    return local_names("standards")


def load_standard(where: str | PathLike[str]) -> Local[Standard]:
    """Load a standard: one that ships, by name, or a file, as ``*.toml``.

    Raises
    ------
    UnknownName
        If it is neither.
    DefinitionError
        With every fault of the file, each at its line or key.

    Examples
    --------
    >>> five = load_standard("tengzhou_five")
    >>> [demand.zh for demand in five.says.demands]
    ['有阵地', '有计划', '有队伍', '有实践', '有成效']
    >>> five.basis("demands[0].least").kind.value, five.basis("demands[0].levels").kind.value
    ('published', 'assumed')
    """
    return load_local(where, "standards", "standard", read_standard)


def read_standard(raw: bytes, name: str) -> Local[Standard]:
    """Read a standard from a file of this name; raises `DefinitionError` as `load_standard`."""
    return read_local(raw, name, _StandardFile, _standard)


def _standard(file: _StandardFile, bases: Mapping[str, Basis]) -> Standard:
    faults = part_faults("demands", file.demands)
    if faults:
        raise summed_up("standard", faults)
    return Standard(
        id=file.id,
        name_zh=file.name_zh,
        name_en=file.name_en,
        demands=tuple(
            Demand(
                key=demand.key,
                zh=demand.zh,
                en=demand.en,
                levels=tuple(demand.levels),
                least=demand.least,
                plausible=_plausible(bases.get(f"demands[{n}].least")),
                monthly=demand.monthly,
                category=demand.category,
            )
            for n, demand in enumerate(file.demands)
        ),
        five_star_yuan=file.five_star_yuan,
    )


def _plausible(basis: Basis | None) -> tuple[int, int] | None:
    if basis is None or basis.range is None:
        return None
    return int(basis.range[0]), int(basis.range[1])
