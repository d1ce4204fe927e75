"""Fairness of a cohort's picks: equal-opportunity differences between groups, with intervals and what chance gives."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from core.errors import SpotterError
from core.services import Store, picks
from core.services.picks.cohorts import FEWEST
from core.services.picks.views import Gap
from workbench import cells
from workbench import pick_cohort_charts as charts
from workbench.components import plain_table
from workbench.components.text import plain, small

# Groups by which picks are compared, with the paper's figure (section 3.2.2).
PAPER: Mapping[str, float] = {"sex": 0.05, "race": 0.07, "age group": 0.06}
NOT_RECORDED: Mapping[str, str] = {
    "sex": "The sex of too few clients is on record.",
    "race": "Race is not recorded for clients, so nothing can be said about it.",
    "age group": "The age of too few clients is on record.",
}
ABOUT = (
    "Of the people for whom some arm did well, how many does the policy put such an arm first for? The difference is "
    "the rate of the group with the highest less that of the group with the lowest (equal-opportunity difference). "
    "Groups always differ a little by luck; the shaded band is what people dealt into groups at random show."
)
LEFT_OUT = (
    f"People whose group is not on record are left out, and so are groups of fewer than {FEWEST}. Nobody counts "
    "for whom no arm did well so far."
)
PAPER_SAYS = (
    "The paper gives 0.05 for sex, 0.07 for race and 0.06 for age group, without intervals. At its group sizes pure "
    "noise gives about 0.05 on average, so those figures tell neither fairness nor bias."
)


def draw(store: Store, cohort: Mapping[str, Any], *, user: str) -> None:  # noqa: ARG001
    """Draw each attribute's difference, its groups, and what to make of it."""
    st.markdown(ABOUT)
    try:
        with st.spinner("Dealing people into groups at random …"):
            found = picks.fairness(store, cohort["id"])
    except SpotterError as error:
        st.info(f"**Cannot be told yet.** {plain(str(error))}", icon=":material/help:")
        small(PAPER_SAYS)
        return
    told = [gap for gap in found if can_be_told(gap)]
    if told:
        st.plotly_chart(
            charts.gaps(told, PAPER),
            config=charts.CONFIG,
            alt=charts.gaps_in_words(told),
            key="picks_fairness",
        )
    for attribute, sentence in sentences(found):
        st.markdown(f"**{plain(attribute.capitalize())}.** {plain(sentence)}")
    if told:
        plain_table.draw(
            (
                "Compared by",
                "Difference",
                "95 % interval",
                "Shuffled groups give",
                "As large by chance",
                "Paper",
            ),
            [gap_row(gap) for gap in told],
            caption="Equal-opportunity difference by attribute",
        )
        with st.expander("The groups"):
            plain_table.draw(
                ("Compared by", "Group", "People counted", "Rate"),
                [row for gap in found for row in group_rows(gap)],
                caption="Groups with the rate at which the arm that did well was picked",
            )
    small(LEFT_OUT)
    small(PAPER_SAYS)


def can_be_told(gap: Gap) -> bool:
    """Whether there are two groups at least, and every number is one."""
    numbers = (gap.difference, gap.low, gap.high, gap.null_mean, gap.null_high, gap.p_value)
    return len(gap.groups) > 1 and all(math.isfinite(number) for number in numbers)


def sentences(found: Sequence[Gap]) -> list[tuple[str, str]]:
    """What to make of each attribute; of one that nothing is known about, why."""
    known = {gap.attribute: gap for gap in found}
    return [
        (
            attribute,
            known[attribute].sentence
            if attribute in known
            else f"Cannot be told yet. {NOT_RECORDED.get(attribute, 'It is not recorded.')}",
        )
        for attribute in dict.fromkeys((*PAPER, *known))
    ]


def gap_row(gap: Gap) -> list[str]:
    """One attribute's numbers."""
    return [
        gap.attribute.capitalize(),
        number(gap.difference),
        f"{number(gap.low)} to {number(gap.high)}",
        f"{number(gap.null_mean)} on average, up to {number(gap.null_high)}",
        f"{cells.percent(gap.p_value)} of shuffles"
        if gap.p_value >= 0.01
        else f"under {cells.percent(0.01)} of shuffles",
        number(PAPER[gap.attribute]) if gap.attribute in PAPER else cells.NOTHING,
    ]


def group_rows(gap: Gap) -> list[list[str]]:
    """The groups of an attribute; the rate of one without people is not known."""
    return [
        [
            gap.attribute.capitalize(),
            name,
            f"{people:,}",
            cells.percent(rate) if math.isfinite(rate) else cells.NOTHING,
        ]
        for name, people, rate in gap.groups
    ]


def number(value: float) -> str:
    """A rate or a difference, two decimals and a true minus."""
    return f"{value:.2f}".replace("-", "−")
