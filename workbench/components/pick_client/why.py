"""Why the policy scores an arm as it does: the rationale, the score taken apart, and the guideline rows."""

from collections.abc import Mapping

import streamlit as st

from core.services.picks import ArmView, Considered, Rationale, Stability
from workbench import cells
from workbench import pick_charts as charts
from workbench.components import plain_table
from workbench.components.pick_client import words
from workbench.components.text import plain, sentence, small

STEADY, FAIRLY = 0.9, 0.7  # rank correlation
FIRST_STEADY = 0.8  # share of the draws in which the first reason stays first
SCORE_MEANS = (
    "A score is the reward that the policy expects of today's session (1: done in full and the week's goal reached, "
    "0: neither), and what it adds to try a kind that it knows little of. The bars add up to the score exactly."
)


def draw(considered: Considered) -> None:
    """The whole section."""
    if considered.best is None:
        return
    st.header(f"Why {considered.best} comes first", anchor=False)
    _apart(considered)
    if considered.rationale is not None:
        st.markdown(sentence(considered.rationale.sentence))
    if considered.stability is not None:
        small(f":material/shuffle: {plain(stability(considered.stability))}")
    if considered.rationale is not None:
        _week(considered.best, considered.rationale)


def stability(found: Stability) -> str:
    """How far the order of the reasons can be trusted."""
    if found.agreement >= STEADY and found.first < FIRST_STEADY:
        verdict = "The order of the reasons is steady as a whole, but which of them is first is a close call"
    elif found.agreement >= STEADY:
        verdict = "The order of the reasons is steady"
    elif found.agreement >= FAIRLY:
        verdict = "The order of the reasons is fairly steady"
    else:
        verdict = "The order of the reasons is not steady: read little into it"
    return (
        f"{verdict}. When the people that are compared with are drawn anew, the first reason stays first in "
        f"{cells.percent(found.first)} of the draws; the order as a whole agrees to "
        f"{found.agreement:.2f} (1 is the same)."
    )


def rows(view: ArmView, names: Mapping[str, str]) -> list[tuple[str, str]]:
    """Every figure of a score, none left out, the largest attribution first."""
    order = sorted(view.attributions, key=lambda key: -abs(view.attributions[key]))
    return [
        (charts.BASE, charts.number(view.base)),
        *((names[key], charts.signed(view.attributions[key])) for key in order),
        (charts.BONUS_LABEL, charts.signed(view.bonus)),
        (charts.SCORE, charts.number(view.score)),
    ]


# Another arm is drawn by itself; the rest of the page stays.
@st.fragment
def _apart(considered: Considered) -> None:
    chosen = st.segmented_control(
        "Score taken apart",
        list(words.arms()),
        default=considered.best,
        required=True,
        format_func=words.arm,
        key=f"apart_{considered.client['id']}",
    )
    view, names = considered.arm(chosen or considered.best or ""), words.labels(considered.values)
    if view.masked:
        st.markdown(":material/shield: The safety gate masks it; its score changes nothing about that.")
    drawn = charts.bars(view.base, view.attributions, view.bonus, names=names)
    st.plotly_chart(
        charts.waterfall(drawn),
        config=charts.CONFIG,
        alt=charts.waterfall_in_words(view.arm, drawn),
        key="waterfall",
    )
    with st.expander("The same in figures"):
        plain_table.draw(["What", "Adds"], rows(view, names), caption=f"Score of {view.arm}, taken apart")
    small(SCORE_MEANS)


def _week(arm: str, rationale: Rationale) -> None:
    st.header(f"A week of {arm} for this client", anchor=False)
    if rationale.week:
        st.markdown("\n".join(f"- {sentence(said)}" for said in rationale.week))
    else:
        st.markdown("No guideline row asks anything of it.")
    for conflict in rationale.conflicts:
        st.warning(f"**Guideline rows disagree.** {sentence(conflict)}", icon=":material/call_split:")
    if rationale.sources:
        with st.expander(f"Guideline rows behind this ({len(rationale.sources)})"):
            for source in rationale.sources:
                st.markdown(
                    f"**{plain(source.key)}.** {plain(source.text)} "
                    f"[{plain(f'{source.source}, {source.year}')}]({source.link}); *{plain(source.review)}*"
                )
