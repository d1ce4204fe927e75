"""The parts of a client's page: each draws one thing that ``core.services.clients`` read."""

import json
from html import escape
from pathlib import Path
from typing import Any

import streamlit as st

from core.services import clients, fields
from workbench import client_charts as charts
from workbench.cells import moment, percent
from workbench.components import certainty, plain_table, suggestions
from workbench.components.text import plain, small

LIMITS_STYLE = """<style>
.limits { display: flex; flex-wrap: wrap; gap: 0.35rem 0.5rem; align-items: center; padding: 0.5rem 0.9rem;
  border-radius: 0.5rem; font-size: 0.95rem; border: 1px solid #d7e0df; border-left: 0.35rem solid #7d908d;
  background: #f3f6f6; }
.limits.some { border-color: #e3c98a; border-left-color: #a86b00; background: #fff8e8; }
.limits.closed { border-color: #e2b4ae; border-left-color: #a3281b; background: #fdf3f1; }
.limits.unknown { border-left-color: #a86b00; border-left-style: double; }
.limits b { margin-right: 0.35rem; }
.limits span { background: #ffffff; border: 1px solid #e3c98a; border-radius: 1rem; padding: 0.05rem 0.65rem; }
</style>"""
FEW = 10
PAGES = Path(__file__).parent.parent.parent / "pages"
ROWS = 25
STEP_DAYS = {"Two weeks": 14, "Four weeks": 28, "All": 100_000}
TITLES = {
    "profile": "Profile",
    "questionnaire": "Questionnaires",
    "medical": "Medical history",
    "screening": "Screening answers",
}
SUCCESS = {1: "✓ completed", 0: "✗ not completed", None: "not recorded"}
COLOURS = {"sure": "green", "fairly": "orange", "unsure": "red", "none": "gray"}
ICONS = {
    "sure": ":material/check_circle:",
    "fairly": ":material/contrast:",
    "unsure": ":material/help:",
    "none": ":material/horizontal_rule:",
}
VERDICTS = {"none suitable": "None suitable", "skip": "Skipped", "flag": "Flagged for a second pair of eyes"}
KINDS = {
    "base": "trained on the cohort",
    "new client": "started from the three nearest profiles",
    "answer": "taught by an answer",
}


def about(view: clients.Client) -> str:
    """The line under the name."""
    client = view.client
    return " · ".join(
        part
        for part in (
            clients.about(view.documents.get("profile", {})),
            client["cohort"],
            f"reference {client['reference']}",
            client["time_zone"],
            f"last exercise {moment(view.log[0]['at'], client['time_zone'])}"
            if view.log
            else "no exercise yet",
        )
        if part
    )


def steps_done(view: clients.Client) -> int:
    """How many exercises the client has done; the log on the page holds the newest only."""
    return int(view.status["step"]) if view.status else len(view.log)


def limits(view: clients.Client) -> None:
    """What the client must be spared, as a strip; where nothing is on record it says so."""
    if view.limits:
        kind, text = (
            "some",
            f"<b>Limits</b>{''.join(f'<span>{escape(limit)}</span>' for limit in view.limits)}",
        )
    elif clients.limits_known(view.documents):
        kind, text = "none", "<b>Limits</b>none named in the medical history and screening answers on record."
    else:
        kind, text = (
            "unknown",
            "<b>Limits are not known</b>no medical history or screening answers on record.",
        )
    st.html(f"{LIMITS_STYLE}<div class='limits {kind}' role='note'>{text}</div>")


def gate(headline: str, tone: str) -> None:
    """The gate's verdict, as a strip like that of the limits."""
    kind = {"some": "some", "closed": "closed", "off": "closed"}[tone]
    st.html(f"{LIMITS_STYLE}<div class='limits {kind}' role='note'><b>Gate</b>{escape(headline)}</div>")


def recommendation(view: clients.Client, *, level: float, requests: Path) -> None:
    """What the model says comes next, how sure it is, and the way to the open request."""
    st.header("Recommended now", anchor=False)
    if not view.recommendations:
        st.markdown("No recommendation yet: the cohort has no model. Train one on the Data and models page.")
        return
    now = view.recommendations[0]
    request = (view.status or {}).get("request_id")
    tone = certainty.tone(now["p_value"], now["margin"], level)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        word = certainty.word(now["p_value"], now["margin"], level, asks=request is not None)
        st.badge(word, icon=ICONS[tone], color=COLOURS[tone])  # type: ignore[arg-type]
        st.markdown(
            certainty.numbers(now["margin"], now["p_value"]), help=certainty.EXPLAINED.format(level=level)
        )
    suggestions.draw(now["top"])
    if request is not None:
        st.markdown(f"**Why it asks.** {plain(now['why']['sentence'])}")
        if st.button("Answer the request", type="primary", icon=":material/rate_review:"):
            st.switch_page(requests, query_params={"request": str(request)})
    small(
        f"For exercise {now['step'] + 1}, by model version {now['model_version_id']}, {moment(now['created_at'])}."
    )


def quality(view: clients.Client) -> None:
    """Gaps and oddities in the data, or that none were found."""
    st.header("Data quality", anchor=False)
    if view.quality:
        st.markdown("\n".join(f"- {plain(sentence)}" for sentence in view.quality))
    else:
        st.markdown("No gaps or oddities were found in what is recorded.")


def history(view: clients.Client) -> None:
    """Exercises done, newest first, filtered and by the page."""
    if not view.log:
        st.markdown(
            "No exercises are logged yet. An exercise log can be imported on the Data and models page."
        )
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        search = st.text_input("Exercise or category", type="search", live=True, key="history_search")
        outcome = st.segmented_control(
            "Outcome",
            ["all", "completed", "not completed"],
            default="all",
            required=True,
            key="history_outcome",
        )
    zone = view.client["time_zone"]
    rows = [row for row in view.log if matches(row, search or "", outcome or "all")]
    judged = [row["success"] for row in rows if row["success"] is not None]
    done = f", {sum(judged)} of {len(judged)} completed" if judged else ""
    st.markdown(f"**{len(rows)} of {len(view.log)} entries**{done}")
    if not rows:
        st.markdown("Nothing in the history fits this search.")
        return
    pages = -(-len(rows) // ROWS)
    number = min(int(st.session_state.get("history_page", 1)), pages)
    plain_table.draw(
        [f"When ({zone})", "Exercise", "Category", "Outcome", "Felt difficulty"],
        [
            [
                moment(row["at"], zone),
                row["name"],
                row["category"] or "–",
                SUCCESS[row["success"]],
                "–" if row["difficulty"] is None else f"{row['difficulty']:g}",
            ]
            for row in rows[(number - 1) * ROWS : number * ROWS]
        ],
        caption="Exercises done, newest first",
    )
    if pages > 1:
        st.pagination(pages, key="history_page")


def matches(row: dict[str, Any], search: str, outcome: str) -> bool:
    """Whether a log row fits a search in exercise and category, and an outcome."""
    text = f"{row['name']} {row['category']} {row['muscle_group']}".casefold()
    wanted = {"all": (0, 1, None), "completed": (1,), "not completed": (0,)}[outcome]
    return search.strip().casefold() in text and row["success"] in wanted


def goals(view: clients.Client) -> None:
    """Steps against goals as bars, and the way to the plan."""
    st.page_link(
        PAGES / "step_goals.py",
        label="Plan step goals",
        icon=":material/directions_walk:",
        query_params={"client": str(view.client["id"])},
    )
    if not view.steps:
        st.markdown("No step counts yet. Daily steps and goals can be imported on the Data and models page.")
        return
    span = st.segmented_control("Days", list(STEP_DAYS), default="Four weeks", required=True, key="step_days")
    rows = charts.since(view.steps, STEP_DAYS[span or "Four weeks"])
    words = charts.steps_in_words(rows)
    st.markdown(f"**{words}**")
    st.plotly_chart(charts.steps(rows), config=charts.CONFIG, alt=words, key="steps")


def answer(label: dict[str, Any]) -> None:
    """One answer: who, what, and what the model said before and after."""
    what = VERDICTS.get(label["verdict"]) or label["exercise"]
    undone = label["undone_at"] is not None
    text = plain(what)
    st.markdown(f"~~{text}~~" if undone else f"**{text}**")
    if label["before"] and label["after"]:
        st.markdown(f"Before: {listed(label['before'])}  \nAfter: {listed(label['after'])}")
    if label["override"]:
        st.markdown(f":material/block: **Given against the gate:** {plain(label['override'])}")
    if label["reason"]:
        st.markdown(f"Reason: {plain(label['reason'])}")
    who = f"{label['user']}, {moment(label['at'])}"
    if undone:
        who += f"; taken back by {label['undone_by']}, {moment(label['undone_at'])}"
    small(plain(who))


def listed(top: list[tuple[str, float]]) -> str:
    """The first three of a top five in a line of Markdown."""
    return " · ".join(f"{plain(name)} {percent(share)}" for name, share in top[:3])


def documents(view: clients.Client) -> None:
    """Profile, questionnaires, medical history and screening; single answers folded away."""
    shown = [kind for kind in TITLES if view.documents.get(kind)]
    if not shown:
        st.markdown(
            "Nothing is on record. Profiles and screening can be imported on the Data and models page."
        )
    columns = st.columns(2, gap="large")
    for index, kind in enumerate(shown):
        document = view.documents[kind]
        read = fields.readable(document)
        with columns[index % 2]:
            st.header(TITLES[kind], anchor=False)
            if read.lines:
                plain_table.draw_pairs(read.lines, caption=TITLES[kind])
            for name, answers in read.answers.items():
                with st.expander(f"{plain(name)}: {len(answers)} answers"):
                    plain_table.draw_pairs(
                        [(f"No. {number}", value) for number, value in answers], caption=name
                    )
            small(f"As recorded {moment(document['recorded_at'])}.")


def versions(view: clients.Client) -> None:
    """The client's own model versions, newest first."""
    own = view.client["model_version_id"]
    if own is None:
        st.markdown(
            "The cohort's model speaks for this client; nothing was taught to a version of their own."
        )
    else:
        st.markdown(f"Version {own} speaks for this client. It is the client's own: nobody else is affected.")
    if view.versions:
        plain_table.draw(
            ["Version", "Made (UTC)", "How", "From version", "In force"],
            [
                [
                    str(row["id"]),
                    moment(row["created_at"]),
                    KINDS[row["kind"]],
                    str(row["parent_id"] or "–"),
                    "yes" if row["id"] == own else "",
                ]
                for row in view.versions
            ],
            caption="Model versions of this client, newest first",
        )


def audit(view: clients.Client) -> None:
    """Who saw and changed what, newest first."""
    st.markdown("Who opened this page or changed something about the client; nothing here can be edited.")
    plain_table.draw(
        ["When (UTC)", "Who", "What", "Detail"],
        [[moment(row["at"]), row["actor"], row["action"], detail(row["detail"])] for row in view.audit],
        caption="Views and changes, newest first",
    )


def detail(text: str) -> str:
    """An audit row's detail as words."""
    return _spelt(json.loads(text))


def _spelt(value: Any) -> str:
    """A part of an audit row's detail: changes as from and to, records of things by their names."""
    match value:
        case {"from": before, "to": after}:
            return f"from {_spelt(before)} to {_spelt(after)}"
        case {"value": number, "at": _}:
            return str(number)
        case {"at": _}:
            return ""
        case dict():
            parts = (
                f"{fields.label(key).lower()} {_spelt(part)}".strip()
                for key, part in value.items()
                if part != ""
            )
            return ", ".join(parts) or "none"
        case list():
            return "; ".join(map(_spelt, value)) or "none"
        case None:
            return "not known"
    return fields.value_text("", value)
