// Right: what the last answer changed, and what was answered before it. Above: how the work stands.

const TRAIL = 6;
const STATE_WORDS = {
  saving: "saving …",
  taught: "learnt",
  recorded: "recorded",
  conflict: "not needed",
  refused: "not recorded",
  masked: "not recorded",
  undone: "taken back",
  "brought back": "done",
};

class LearntView {
  constructor() {
    this.subject = el("p", { class: "quiet" });
    this.legend = el(
      "p",
      { class: "legend small quiet", "aria-hidden": "true" },
      el("span", { class: "swatch before" }),
      "before",
      el("span", { class: "swatch after" }),
      "after",
    );
    this.override = el("p", { class: "against" }, icon("masked"), el("span", {}));
    this.rows = el("ul", { class: "pairs" });
    this.forgetting = el("p", { class: "small forgetting" });
    this.trail = el("ol", { class: "trail" });
    this.trailBox = el("div", { class: "trail-box" }, el("h3", {}, "Your last answers"), this.trail);
    this.node = el(
      "section",
      { class: "learnt", "aria-label": "What the model now says" },
      el("div", { class: "changes" }, el("h3", {}, "What the model now says"), this.subject, this.override, this.legend, this.rows, this.forgetting),
      this.trailBox,
    );
  }

  update(desk) {
    this.#learnt(desk.learnt);
    const shown = desk.trail.filter((entry) => entry.kind !== "bring back").slice(0, TRAIL);
    show(this.trailBox, shown.length > 0);
    this.trail.replaceChildren(...shown.map(trailRow));
  }

  #learnt(learnt) {
    if (this.learnt === learnt && learnt !== undefined && this.drawn) return;
    this.drawn = true;
    this.learnt = learnt;
    const rows = learnt?.rows ?? [];
    this.node.dataset.key = learnt?.key ?? "";
    this.subject.textContent = learnt?.message ?? "After each answer, the model's suggestions before and after it are shown here.";
    this.override.lastChild.textContent = `Given against the gate: ${learnt?.override ?? ""}`;
    show(this.override, Boolean(learnt?.override) && ["taught", "recorded"].includes(learnt.status));
    show(this.legend, rows.length > 0);
    const most = Math.max(0.01, ...rows.flatMap((row) => [row.before ?? 0, row.after ?? 0]));
    this.rows.replaceChildren(...rows.map((row) => pair(row, most)));
    this.forgetting.textContent = learnt?.forgetting ?? "";
    show(this.forgetting, Boolean(learnt?.forgetting));
  }
}

function pair({ name, before, after, taught }, most) {
  const bar = (kind, value) => {
    const fill = el("span", { class: `fill ${kind}` });
    fill.style.width = value === null ? "0" : `${Math.max(1, (100 * value) / most)}%`;
    return el("span", { class: "bar", "aria-hidden": "true" }, fill);
  };
  return el(
    "li",
    { class: taught ? "pair taught" : "pair" },
    el("span", { class: "what" }, name, taught ? el("span", { class: "tag" }, "your answer") : null),
    bar("before", before),
    el("span", { class: "p quiet" }, el("span", { class: "sr" }, "before "), percent(before)),
    bar("after", after),
    el("span", { class: "p" }, el("span", { class: "sr" }, "after "), percent(after)),
  );
}

function trailRow(entry) {
  const what = entry.kind === "undo" ? `Undo: ${entry.text}` : entry.text;
  const word = entry.takenBack && entry.state !== "saving" ? "taken back" : STATE_WORDS[entry.state];
  return el(
    "li",
    { class: `is-${entry.state}` },
    el("span", { class: "what" }, what),
    el("span", { class: "quiet small" }, entry.override ? `${entry.client}, against the gate` : entry.client),
    el("span", { class: "state small" }, word),
  );
}

/** The strip above: answers today, what waits, what is left of the budget, and whether all is saved. */
class StandingView {
  constructor() {
    this.mine = el("dd", {});
    this.team = el("dd", {});
    this.open = el("dd", {});
    this.left = el("dd", {});
    this.leftLabel = el("dt", {});
    this.meter = el("span", { class: "fill" });
    this.saving = el("p", { class: "saving small", role: "status" });
    this.advice = el("p", { class: "advice" });
    const figure = (label, value, ...more) => el("div", { class: "figure" }, label, value, ...more);
    this.node = el(
      "div",
      { class: "standing" },
      el(
        "dl",
        {},
        figure(el("dt", {}, "You today"), this.mine),
        figure(el("dt", {}, "Team today"), this.team),
        figure(el("dt", {}, "Waiting"), this.open),
        figure(this.leftLabel, this.left),
      ),
      el("span", { class: "bar meter", "aria-hidden": "true" }, this.meter),
      this.saving,
      this.advice,
    );
  }

  update(desk) {
    const standing = desk.standing;
    const saving = desk.saving.length;
    this.saving.textContent = saving ? `Saving ${saving} …` : "All saved";
    this.saving.classList.toggle("busy", saving > 0);
    if (!standing) return;
    this.mine.textContent = standing.mine;
    this.team.textContent = standing.team;
    this.open.textContent = standing.open;
    this.left.textContent = standing.left;
    this.leftLabel.textContent = `Left of today's ${standing.budget}`;
    this.meter.style.width = `${Math.min(100, (100 * standing.mine) / Math.max(1, standing.budget))}%`;
    this.advice.textContent = desk.current ? standing.advice : "";
    show(this.advice, this.advice.textContent !== "");
  }
}
