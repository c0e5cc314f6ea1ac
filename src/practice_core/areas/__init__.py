"""Areas: what is published about each, its loop and rules, as data files.

An area's positions are made up inside its real outline; every number says what it rests on. This
room never simulates and never dispatches.

Examples
--------
>>> load_area("wujiang").hierarchy().counts()[Level.STATION]
289
"""

from practice_core.areas.area import Area
from practice_core.areas.corps import corps_names, load_corps, read_units
from practice_core.areas.files import Basis, BasisKind, beside, read, structure
from practice_core.areas.inputs import file_bytes
from practice_core.areas.load import (
    area_names,
    load_area,
    load_loop,
    load_rules,
    loop_names,
    rules_names,
    scenario_bytes,
)
from practice_core.areas.local import Local
from practice_core.areas.loops import Loop
from practice_core.areas.networks import (
    check_network,
    convert_network,
    is_network,
    load_network,
    network_texts,
    read_network,
    save_network,
)
from practice_core.areas.new import NewArea, new_area
from practice_core.areas.placement import place_sites
from practice_core.areas.point_records import load_record
from practice_core.areas.record_rules import load_record_rules, record_rules_names
from practice_core.areas.rows import (
    SiteRow,
    TeamKind,
    TeamRow,
    read_relations,
    read_sites,
    read_teams,
)
from practice_core.areas.scheme_traits import (
    RuleKey,
    RuleTrait,
    RuleWord,
    assumed_in,
    rule_traits,
    rules_table,
)
from practice_core.areas.schemes import Scheme
from practice_core.areas.standards import load_standard, standard_names
from practice_core.areas.traits import LoopKey, LoopWord, Trait, comparison, flowchart, traits
from practice_core.hierarchy import Level

__all__ = [
    "Area",
    "Basis",
    "BasisKind",
    "Level",
    "Local",
    "Loop",
    "LoopKey",
    "LoopWord",
    "NewArea",
    "RuleKey",
    "RuleTrait",
    "RuleWord",
    "Scheme",
    "SiteRow",
    "TeamKind",
    "TeamRow",
    "Trait",
    "area_names",
    "assumed_in",
    "beside",
    "check_network",
    "comparison",
    "convert_network",
    "corps_names",
    "file_bytes",
    "flowchart",
    "is_network",
    "load_area",
    "load_corps",
    "load_loop",
    "load_network",
    "load_record",
    "load_record_rules",
    "load_rules",
    "load_standard",
    "loop_names",
    "network_texts",
    "new_area",
    "place_sites",
    "read",
    "read_network",
    "read_relations",
    "read_sites",
    "read_teams",
    "read_units",
    "record_rules_names",
    "rule_traits",
    "rules_names",
    "rules_table",
    "save_network",
    "scenario_bytes",
    "standard_names",
    "structure",
    "traits",
]
