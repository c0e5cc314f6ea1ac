"""What the page says: headings, labels and sentences, each a member with a row in the vocabulary.

A page holds both languages; which of the two is shown is a matter of its style sheet.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Any

import attrs
from markupsafe import escape

from practice_core.errors import UnknownName
from practice_core.terms import term, word

if TYPE_CHECKING:
    from collections.abc import Callable

    from practice_core.terms import Lang

__all__ = [
    "Account",
    "Alternative",
    "Both",
    "Chapter",
    "Label",
    "PartOfDay",
    "Picture",
    "Remark",
    "Stress",
    "Weekday",
    "both",
    "known",
    "policy_name",
]


class Chapter(enum.StrEnum):
    """The parts of the page, in the order in which they stand."""

    VERDICT = "verdict"
    HINGE = "hinge"
    POLICIES = "policies"
    MAP = "map"
    WEEK = "week"
    SCARCE = "scarce"
    EQUITY = "equity"
    POINTS = "points"
    ASSUMPTIONS = "assumptions"
    METHOD = "method"


class Picture(enum.StrEnum):
    """The charts, each with its title; the values are the names of their files."""

    TIPPING = "tipping"
    SETTINGS = "settings"
    SERVED_SHARE = "served_share"
    SERVICE_RM = "service_rm"
    SERVED_SHARE_FAR = "served_share_far"
    MAP_SHARE = "map_share"
    MAP_WAIT = "map_wait"
    MAP_LOAD = "map_load"
    HOURS = "hours"
    BLOCKS = "blocks"
    CATEGORIES = "categories"
    QUARTERS = "quarters"
    GINI = "gini"
    POINTS = "points"


class Alternative(enum.StrEnum):
    """What a chart shows, in a sentence for whoever does not see it."""

    TIPPING = "tipping"
    SETTINGS = "settings"
    INTERVALS = "intervals"
    BOUNDED = "bounded"
    MAP = "map"
    HOURS = "hours"
    BLOCKS = "blocks"
    CATEGORIES = "categories"
    QUARTERS = "quarters"
    GINI = "gini"
    POINTS = "points"
    NOTHING = "nothing"


class Label(enum.StrEnum):
    """Words of axes, legends, columns and controls."""

    REPORT = "report"
    DECISION = "decision"
    PREVIEW = "preview"
    CONTENTS = "contents"
    SKIP = "skip"
    CHINESE = "chinese"
    ENGLISH = "english"
    FIGURES = "figures"
    POLICY = "policy"
    MEASURE = "measure"
    MEAN = "mean"
    LOW = "low"
    HIGH = "high"
    DIFFERENCE = "difference"
    PAIR = "pair"
    STATUS = "status"
    NEEDED = "needed"
    ALLOWED = "allowed"
    REPLICATIONS = "replications"
    BOUND = "bound"
    INPUT = "input"
    BASE = "base"
    TIPS_AT = "tips_at"
    LEAST = "least"
    MOST = "most"
    SURE = "sure"
    GOOD = "good"
    OF = "of"
    GROUP = "group"
    SITE = "site"
    SITES = "sites"
    SHOWN = "shown"
    SEARCH = "search"
    CHOOSE = "choose"
    MATCHES = "matches"
    NOT_CHOSEN = "not_chosen"
    LEVEL = "level"
    CHAIN = "chain"
    POSITION = "position"
    SYNTHETIC = "synthetic"
    GIVEN = "given"
    TEAMS = "teams"
    ORDERS = "orders"
    SERVED = "served"
    MISSED = "missed"
    NOBODY = "nobody"
    SHARE = "share"
    SHARE_OF_ORDERS = "share_of_orders"
    WAIT = "wait"
    JOBS = "jobs"
    LOAD = "load"
    SCHEDULE = "schedule"
    NO_FIGURE = "no_figure"
    HOUR = "hour"
    DAY = "day"
    BLOCK = "block"
    PLACED = "placed"
    BEGUN = "begun"
    CATEGORY = "category"
    QUARTER = "quarter"
    GINI = "gini"
    POISSON = "poisson"
    WEEK = "week"
    POINTS = "points"
    RULES = "rules"
    RATE = "rate"
    QUANTUM = "quantum"
    RECORDS = "records"
    VOLUNTEERS = "volunteers"
    TOTAL = "total"
    NUMBER = "number"
    VALUE = "value"
    BASIS = "basis"
    RANGE = "range"
    SCALE = "scale"
    SOURCE = "source"
    SET = "set"
    ALL = "all"
    AREA = "area"
    SEED = "seed"
    WEEKS = "weeks"
    BASELINE = "baseline"
    LOOKS = "looks"
    DELTA = "delta"
    CODE = "code"
    SCENARIO = "scenario"
    VERSIONS = "versions"
    ITEM = "item"
    KM = "km"
    STRESS = "stress"
    ALL_MEASURES = "all_measures"
    DIFFERENCES = "differences"
    PAIRS = "pairs"
    GUARDRAILS = "guardrails"
    BEYOND = "beyond"
    LATE = "late"
    NO_START = "no_start"
    UNASKABLE = "unaskable"
    UNWILLING = "unwilling"
    CONTESTED = "contested"


class Remark(enum.StrEnum):
    """What is said around the figures."""

    TITLE = "title"
    TITLE_CONDITIONAL = "title_conditional"
    RUN = "run"
    NO_SCRIPT = "no_script"
    NO_VERDICT = "no_verdict"
    NO_HINGE = "no_hinge"
    NO_TIPS = "no_tips"
    TIPPING = "tipping"
    TIPPED = "tipped"
    SETTINGS = "settings"
    INFORMED = "informed"
    UNADJUSTED = "unadjusted"
    NO_INTERVALS = "no_intervals"
    SIMULTANEOUS = "simultaneous"
    BOUND = "bound"
    NO_BOUND = "no_bound"
    RANKED = "ranked"
    DIAMOND = "diamond"
    PORTRAIT = "portrait"
    OUTLINE = "outline"
    MADE_UP_SITES = "made_up_sites"
    MADE_UP_TEAMS = "made_up_teams"
    FIXED = "fixed"
    REDRAWN = "redrawn"
    MAP = "map"
    HOLLOW = "hollow"
    DEFINED = "defined"
    SCHEDULE = "schedule"
    WEEK = "week"
    SCARCE = "scarce"
    TIERS = "tiers"
    QUARTERS = "quarters"
    SPREAD = "spread"
    GINI = "gini"
    POINTS = "points"
    ASSUMPTIONS = "assumptions"
    COUNTED = "counted"
    SET = "set"
    METHOD = "method"
    STRESS = "stress"
    DASH = "dash"
    KEPT = "kept"


class Stress(enum.StrEnum):
    """The items of STRESS-DES, in its order; the value begins with the item's number."""

    PURPOSE = "1_1"
    OUTPUTS = "1_2"
    AIMS = "1_3"
    DIAGRAM = "2_1"
    LOGIC = "2_2"
    SCENARIOS = "2_3"
    ALGORITHMS = "2_4"
    ENTITIES = "2_5_1"
    ACTIVITIES = "2_5_2"
    RESOURCES = "2_5_3"
    QUEUES = "2_5_4"
    ENTRY = "2_5_5"
    SOURCES = "3_1"
    PREPARATION = "3_2"
    PARAMETERS = "3_3"
    ASSUMPTIONS = "3_4"
    INITIAL = "4_1"
    LENGTH = "4_2"
    ESTIMATION = "4_3"
    SOFTWARE = "5_1"
    SAMPLING = "5_2"
    EXECUTION = "5_3"
    SYSTEM = "5_4"
    ACCESS = "6_1"


class Account(enum.StrEnum):
    """What is said under the items of STRESS-DES."""

    PURPOSE = "purpose"
    OUTPUTS = "outputs"
    AIMS_PREVIEW = "aims_preview"
    AIMS_DECISION = "aims_decision"
    DIAGRAM = "diagram"
    LOGIC = "logic"
    SCENARIOS = "scenarios"
    ALGORITHMS = "algorithms"
    ENTITIES = "entities"
    ACTIVITIES = "activities"
    RESOURCES = "resources"
    QUEUES = "queues"
    ENTRY = "entry"
    SOURCES = "sources"
    PREPARATION = "preparation"
    PARAMETERS = "parameters"
    ASSUMPTIONS = "assumptions"
    FITTED = "fitted"
    INITIAL = "initial"
    LENGTH = "length"
    SHORT = "short"
    ESTIMATION_PREVIEW = "estimation_preview"
    ESTIMATION_DECISION = "estimation_decision"
    SOFTWARE = "software"
    SAMPLING = "sampling"
    EXECUTION = "execution"
    SYSTEM = "system"
    ACCESS = "access"


class Weekday(enum.StrEnum):
    """The days of a week."""

    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"


class PartOfDay(enum.StrEnum):
    """The blocks of a day."""

    MORNING = "morning"
    AFTERNOON = "afternoon"
    EVENING = "evening"


@attrs.frozen
class Both:
    """A text in both languages.

    In a page both stand side by side, escaped, and the style sheet shows one.

    Examples
    --------
    >>> print(Both("law & order", "法律").__html__())
    <span class="en" lang="en">law &amp; order</span><span class="zh" lang="zh-Hans">法律</span>
    >>> print(Both("<b>", "<b>").__html__())
    &lt;b&gt;
    """

    en: str
    zh: str

    def __html__(self) -> str:
        """Give it as HTML; templates ask for it by this name."""
        if self.en == self.zh:
            return str(escape(self.en))
        en = f'<span class="en" lang="en">{escape(self.en)}</span>'
        return f'{en}<span class="zh" lang="zh-Hans">{escape(self.zh)}</span>'

    def get(self, lang: Lang) -> str:
        """Give the text in one language."""
        return self.zh if lang == "zh" else self.en


def both(member: enum.Enum, **figures: object) -> Both:
    """Give the words of a member, figures filled in; a figure may differ by language."""

    def said(lang: Lang) -> str:
        filled = {k: v.get(lang) if isinstance(v, Both) else v for k, v in figures.items()}
        return term(member, lang).format(**filled) if filled else term(member, lang)

    return Both(said("en"), said("zh"))


def same(text: object) -> Both:
    """Give a text that is the same in both languages."""
    return Both(str(text), str(text))


def each(make: Callable[[Lang], Any]) -> Both:
    """Give what `make` says in both languages."""
    return Both(str(make("en")), str(make("zh")))


def known(group: str, key: str) -> Both:
    """Give the words for a key of a file; the key itself, if the vocabulary has none.

    >>> known("measure", "served_share").en, known("measure", "luck").en
    ('served share', 'luck')
    """
    try:
        return Both(word(group, key, "en"), word(group, key, "zh"))
    except UnknownName:
        return same(key)


def policy_name(label: str) -> Both:
    """Give a policy's label, in Chinese with its word before it if it is that of a shipped one.

    With a number after it the label may be that of a policy of one's own with a shipped one's
    name, so it says no more than itself.

    >>> policy_name("nearest").zh, policy_name("nearest#2").zh
    ('就近 nearest', 'nearest#2')
    """
    shipped = known("policy", label).zh
    return Both(label, label if shipped == label else f"{shipped} {label}")
