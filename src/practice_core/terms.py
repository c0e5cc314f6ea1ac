"""The bilingual vocabulary: every word that a person reads, in Chinese and English.

One row in ``terms.toml`` for each member of each public enum and for each measure. There are no
other display strings for them: code holds identifiers, this table holds words.

Examples
--------
>>> term(Category.LAW, "zh"), term(Category.LAW)
('法律服务', 'law')
>>> word("measure", "served_share")
'served share'
"""

from __future__ import annotations

import enum
import re
import tomllib
from functools import cache
from importlib import resources
from typing import Literal, TypeAlias

from practice_core.errors import UnknownName

__all__ = ["BeneficiaryGroup", "Category", "Lang", "term", "word", "words"]

Lang: TypeAlias = Literal["zh", "en"]


class Category(enum.StrEnum):
    """What kind of service; the eight of Wujiang (八大类) first, then those of other areas."""

    THEORY = "theory"
    EDUCATION = "education"
    CULTURE = "culture"
    SCIENCE = "science"
    HEALTH = "health"
    LAW = "law"
    ENVIRONMENT = "environment"
    AID = "aid"
    SPORT_FITNESS = "sport_fitness"
    CIVILITY = "civility"
    EMERGENCY = "emergency"
    OTHER = "other"


class BeneficiaryGroup(enum.StrEnum):
    """Whom a service is for (五为); beside the category, not below it."""

    ELDERLY = "elderly"
    CHILDREN = "children"
    HARDSHIP = "hardship"
    EMOTIONAL_SUPPORT = "emotional_support"
    PUBLIC_NEED = "public_need"


def term(member: enum.Enum, lang: Lang = "en") -> str:
    """Give the word for an enum member.

    Raises
    ------
    UnknownName
        If the vocabulary has no row for it.
    """
    key = member.value if isinstance(member, str) else member.name.lower()
    return word(section(type(member)), key, lang)


def word(group: str, key: str, lang: Lang = "en") -> str:
    """Give the word for `key` in `group`, such as ``("measure", "served_share")``.

    Raises
    ------
    UnknownName
        If the vocabulary has no such row.
    """
    row = words().get(group, {}).get(key)
    if row is None:
        raise UnknownName(
            "term", f"{group}.{key}", (f"{group}.{k}" for k in words().get(group, {}))
        )
    return row[lang]


def section(kind: type[enum.Enum]) -> str:
    """Give the name of an enum's section: ``OrderState`` is ``order_state``."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", kind.__name__).lower()


@cache
def words() -> dict[str, dict[str, dict[Lang, str]]]:
    """Read the whole vocabulary: group, key, language."""
    text = resources.files("practice_core").joinpath("terms.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)
