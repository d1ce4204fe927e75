"""A decision's receipt: everything a pick rested on when it was made, which never changes, with a link of its own."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import streamlit as st

from core.services import Store, picks
from core.services.exporting import noted
from core.services.picks import Pick
from workbench import cells
from workbench import pick_charts as charts
from workbench.components import client_choice, figures, plain_table, synthetic
from workbench.components.pick_client import words
from workbench.components.text import plain, sentence, small

PAGES = Path(__file__).parent.parent.parent / "pages"
SAID = "said when it was picked"
UNCHANGING = (
    "This is what the decision rested on when it was made. It never changes, whatever becomes known later."
)


def draw(store: Store, pick_id: int, *, user: str) -> None:
    """Draw the receipt of a pick.

    Raises:
        NotFound: if there is no such pick.
    """
    pick = picks.read(store, pick_id)
    client_choice.seen(store, pick.client_id, page=f"Receipt {pick.id}", user=user)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.page_link(
            PAGES / "picks.py",
            label=f"{plain(pick.client)}’s picks",
            icon=":material/arrow_back:",
            query_params={"client": str(pick.client_id)},
        )
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.title(
            f"Receipt: {pick.arm} for {plain(pick.client)}, {cells.day(pick.day)}",
            anchor=False,
            width="content",
        )
        if pick.synthetic:
            synthetic.draw(sentence=False)
    small(f"{UNCHANGING} A model's score and what a person did with it, not medical advice.")
    _state(pick)
    figures.draw(strip(pick))
    _against(pick.receipt)
    st.header("The kinds of session", anchor=False)
    arms_table(pick)
    _gate(pick.receipt)
    _apart(pick)
    _rationale(pick.receipt)
    st.header("What was known then", anchor=False)
    plain_table.draw(
        ("What", "Value", "From"), value_rows(pick.receipt), caption="Values known when it was made"
    )
    st.header("What it was made with", anchor=False)
    plain_table.draw_pairs(version_pairs(pick.receipt), caption="Versions behind the decision")
    _take_along(store, pick, user)


def _state(pick: Pick) -> None:
    """Whether the decision still holds, and what became of it."""
    if pick.replaced_by is not None:
        with st.container(
            horizontal=True, vertical_alignment="center", border=True, gap="small", key="replaced"
        ):
            st.markdown(
                ":material/history: A later pick of the same day took this one’s place.",
                width="content",
            )
            st.page_link(
                PAGES / "picks.py",
                label=f"Its receipt (pick {pick.replaced_by})",
                icon=":material/receipt_long:",
                query_params={"pick": str(pick.replaced_by)},
            )
    st.markdown(f"**What became of it:** {plain(outcome_words(pick))}")


def outcome_words(pick: Pick) -> str:
    """What became of a pick, who said so and what it earned."""
    if pick.outcome is None:
        return "nothing is on record." if pick.replaced_by is not None else "nobody has said yet."
    found = pick.outcome
    return (
        f"{words.outcome(found.completion).lower()}, said {found.author} on {_moment(found.at)}; "
        f"reward {found.reward:.2f} (progress to the week’s goal {cells.percent(found.progress)})."
    )


def strip(pick: Pick) -> list[figures.Figure]:
    """Who took which arm when, with which chance, and how clear it was."""
    receipt = pick.receipt
    best, second = receipt["best"], receipt["runner_up"]
    chance = (
        figures.Figure("Its chance", cells.percent(pick.propensity, 1), "it was drawn by the policy")
        if pick.propensity is not None
        else figures.Figure("Its chance", cells.NOTHING, "a person chose it, so nothing was drawn")
    )
    lead = figures.Figure("Best then", "none", "the gate left none open")
    if best is not None:
        about = (
            f"ahead of {second} by {receipt['lead']:.3f}" if second is not None else "the only one left open"
        )
        lead = figures.Figure("Best then", str(best), about)
    version = receipt["policy"]
    day, _, hour = _moment(pick.at).partition(", ")
    return [
        figures.Figure("Taken", pick.arm, f"for {cells.day(pick.day)}"),
        chance,
        lead,
        figures.Figure("Made", day, f"{hour}, by {pick.author}"),
        figures.Figure(
            "Policy version", str(version["version"]), f"{version['learnt']:,} outcomes learnt then"
        ),
    ]


def _against(receipt: Mapping[str, Any]) -> None:
    override = receipt.get("override")
    if override:
        rules = "\n".join(f"- {sentence(rule)}" for rule in override["rules"])
        st.warning(
            f"**Against the safety gate.** Reason written: “{plain(override['reason'])}”\n\nMasked it:\n\n{rules}",
            icon=":material/gpp_maybe:",
        )


def arms_table(pick: Pick) -> None:
    """Every arm's score, chance and what masked it."""
    plain_table.draw(
        ("Kind", "Score", "Expected reward", "For trying it out", "Chance"),
        arm_rows(pick),
        caption="Scores of the kinds of session when it was made",
    )


def arm_rows(pick: Pick) -> list[list[str]]:
    """A row for each arm: what it scored, what its chance was; the one taken and those masked are named so."""
    receipt = pick.receipt
    rows = []
    for arm, found in receipt["arms"].items():
        marks = [
            mark
            for mark, holds in (
                ("taken", arm == pick.arm),
                ("best", arm == receipt["best"]),
                ("runner-up", arm == receipt["runner_up"]),
                ("✕ masked", arm in receipt["masked"]),
            )
            if holds
        ]
        rows.append(
            [
                f"{arm} ({', '.join(marks)})" if marks else arm,
                charts.number(found["score"]),
                charts.number(found["score"] - found["bonus"]),
                charts.signed(found["bonus"]),
                cells.NOTHING if arm in receipt["masked"] else cells.percent(found["propensity"], 1),
            ]
        )
    return rows


def _gate(receipt: Mapping[str, Any]) -> None:
    gate = receipt["gate"]
    st.subheader("Safety gate then", anchor=False)
    if not gate["on"]:
        st.markdown(":material/gpp_maybe: **It was switched off for the cohort**, so nothing was masked.")
    st.markdown(sentence(gate["says"]))
    for arm, rules in receipt["masked"].items():
        st.markdown(f"✕ **{plain(arm)}:** {' '.join(sentence(rule) for rule in rules)}")


def value_rows(receipt: Mapping[str, Any]) -> list[list[str]]:
    """Each attribute that was known, with where it came from; those not known together in the last row."""
    known = values_of(receipt)
    rows = [
        [label_of(key), value_of(key, value), str(receipt["origins"].get(key, _origin_of(key)))]
        for key, value in known.items()
        if value is not None
    ]
    missing = [label_of(key).lower() for key, value in known.items() if value is None]
    if missing:
        rows.append(["Not known", ", ".join(missing), cells.NOTHING])
    return rows


def _origin_of(key: str) -> str:
    """Where a value without an origin on record comes from: those of the day are asked beside the pick."""
    return SAID if key in picks.BY_KEY and picks.BY_KEY[key].about == "day" else cells.NOTHING


def values_of(receipt: Mapping[str, Any]) -> dict[str, Any]:
    """The values as the page's words want them: a set is a tuple again."""
    return {
        key: tuple(value) if isinstance(value, list) else value for key, value in receipt["values"].items()
    }


def label_of(key: str) -> str:
    """An attribute's name; one that a later version no longer knows has its key."""
    return picks.BY_KEY[key].label if key in picks.BY_KEY else key


def value_of(key: str, value: Any) -> str:
    """A value as people read it."""
    return words.value(key, value) if key in picks.BY_KEY else str(value)


def _apart(pick: Pick) -> None:
    found, known = pick.receipt["arms"][pick.arm], values_of(pick.receipt)
    st.header(f"How the score of {pick.arm} came about", anchor=False)
    names = {
        key: words.label(key, known.get(key)) if key in picks.BY_KEY else f"{key}: {known.get(key)}"
        for key in found["attributions"]
    }
    drawn = charts.bars(found["base"], found["attributions"], found["bonus"], names=names)
    st.plotly_chart(
        charts.waterfall(drawn),
        config=charts.CONFIG,
        alt=charts.waterfall_in_words(pick.arm, drawn),
        key=f"receipt_waterfall_{pick.id}",
    )
    with st.expander("The same in figures"):
        plain_table.draw(
            ("What", "Adds"),
            [
                (charts.BASE, charts.number(found["base"])),
                *(
                    (names[key], charts.signed(value))
                    for key, value in sorted(found["attributions"].items(), key=lambda item: -abs(item[1]))
                ),
                (charts.BONUS_LABEL, charts.signed(found["bonus"])),
                (charts.SCORE, charts.number(found["score"])),
            ],
            caption=f"Score of {pick.arm}, taken apart",
        )


def _rationale(receipt: Mapping[str, Any]) -> None:
    why = receipt.get("rationale")
    if why is None:
        return
    st.header(f"What was said of {why['arm']}", anchor=False)
    st.markdown(sentence(why["sentence"]))
    for line in why["week"]:
        st.markdown(f"- {sentence(line)}")
    for conflict in why["conflicts"]:
        st.markdown(f":material/call_split: **Rows at odds.** {sentence(conflict)}")
    if why["sources"]:
        with st.expander(f"Guideline rows ({len(why['sources'])})"):
            plain_table.draw(
                ("Row", "Source", "Year", "Address", "Review"),
                [
                    [str(row[name]) for name in ("key", "source", "year", "link", "review")]
                    for row in why["sources"]
                ],
                caption="Guideline rows that the rationale rests on",
            )


def version_pairs(receipt: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Versions and settings behind a decision, as pairs."""
    policy, made = receipt["policy"], receipt["versions"]
    labels = {
        "kind": "Policy",
        "width": "Width",
        "epsilon": "Share drawn evenly (ε)",
        "completion_weight": "Weight of completion in the reward",
        "start": "Synthetic decisions to start from",
    }
    return [
        *cells.listed({**policy["settings"], "kind": kind_name(str(policy["settings"]["kind"]))}, labels),
        ("Outcomes it had learnt from", f"{policy['learnt']:,}"),
        ("Program", str(made["code"])),
        ("Guideline tables", str(made["guidelines"])),
        ("Encoding", f"{made['encoding']} columns"),
    ]


def kind_name(kind: str) -> str:
    """A policy's name for people."""
    return picks.POLICIES.get(kind, kind)


def _take_along(store: Store, pick: Pick, user: str) -> None:
    address = f"{(st.context.url or 'picks').rstrip('/')}?pick={pick.id}"
    st.markdown("**Link to this receipt**")
    st.code(address, language=None, wrap_lines=True)
    st.download_button(
        "Receipt as JSON",
        lambda: _as_file(store, pick, user),
        file_name=f"pick-{pick.id}.json",
        mime="application/json",
        icon=":material/download:",
        on_click="ignore",
        key="receipt_json",
    )


def _as_file(store: Store, pick: Pick, user: str) -> str:
    noted(store, "receipt", subject=f"client {pick.client_id}", by=user, detail={"pick": pick.id})
    return as_json(pick)


def as_json(pick: Pick) -> str:
    """The receipt as JSON, with what identifies the pick."""
    return json.dumps(
        {
            "pick": pick.id,
            "client": pick.client_id,
            "day": pick.day,
            "arm": pick.arm,
            "author": pick.author,
            "at": pick.at,
            "propensity": pick.propensity,
            "replaced_by": pick.replaced_by,
            "outcome": None
            if pick.outcome is None
            else {
                "completion": pick.outcome.completion,
                "progress": pick.outcome.progress,
                "reward": pick.outcome.reward,
                "author": pick.outcome.author,
                "at": pick.outcome.at,
            },
            "receipt": pick.receipt,
        },
        ensure_ascii=False,
        indent=2,
    )


def _moment(stamp: str) -> str:
    return cells.moment(stamp, st.context.timezone or "UTC")
