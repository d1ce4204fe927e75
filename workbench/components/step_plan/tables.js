// What the picture shows, in words and figures: the sentence, the rules to choose from, the days.

function signed(value) {
  if (value === null) return "–";
  const rounded = Math.round(value);
  return rounded === 0 ? "same" : `${rounded > 0 ? "+" : "−"}${number(Math.abs(rounded))}`;
}

function table(caption, headings, rows, options = {}) {
  const head = el("tr", {}, ...headings.map((text, index) => el("th", { scope: "col", class: index && index < (options.figures ?? headings.length) ? "figure" : null }, text)));
  return el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption },
    el("table", {}, el("caption", { class: "sr" }, caption), el("thead", {}, head), el("tbody", {}, ...rows)));
}

function figure(text, more = "") {
  return el("td", { class: `figure ${more}` }, text);
}

/** Each day of the plan, and after each week its total. */
function dayTable(data) {
  const rows = [];
  let week = 0;
  data.days.forEach((day, index) => {
    rows.push(el("tr", { class: day.rest ? "rest" : null },
      el("th", { scope: "row" }, day.label),
      figure(number(day.goal), "strong"),
      figure(percent(day.chance)),
      figure(percent(day.counted)),
      figure(number(day.expected)),
      figure(day.before === null ? "–" : signed(day.goal - day.before)),
      el("td", { class: "held" }, day.held)));
    const end = index === data.days.length - 1 || (index + 1) % 7 === 0;
    if (end && data.weeks[week]) {
      const total = data.weeks[week];
      rows.push(el("tr", { class: "total" },
        el("th", { scope: "row" }, total.label),
        figure(number(total.goals), "strong"),
        figure(""),
        figure(total.counted === null ? "–" : `${total.counted.toFixed(1)} of ${total.days} days`),
        figure(number(total.expected)),
        figure(total.before === null ? "–" : signed(total.goals - total.before)),
        el("td", { class: "held" }, total.before === null ? "" : "against the plan in force")));
      week += 1;
    }
  });
  const told = el("p", { class: "small quiet" },
    "Within reach: the client can get that far. Count gets there: with the scatter of a single day, so about half for a goal that fits.");
  return el("div", {}, table("Goals day by day", ["Day", "Goal", "Within reach", "Count gets there", "Expected", "Against plan in force", "What holds it"], rows, { figures: 6 }), told);
}

/** The plan beside the simpler rules; one is chosen with its radio button. */
class Comparison {
  constructor(choose) {
    this.choose = choose;
    this.body = el("div");
    this.words = el("p", { class: "small" });
    this.node = el("section", { class: "comparison" }, el("h2", {}, "Which rule sets the goals"), this.body, this.words);
  }

  update(rows, chosen, words) {
    this.words.textContent = words;
    const focused = this.node.getRootNode().activeElement?.value;
    const lines = rows.map((row) => {
      const radio = el("input", { type: "radio", name: "policy", value: row.policy, id: `policy-${row.policy}`, onchange: () => this.choose(row.policy) });
      radio.checked = row.policy === chosen;
      return el("tr", { class: row.policy === chosen ? "chosen" : null },
        el("th", { scope: "row" }, el("label", { for: radio.id }, radio, row.name)),
        figure(row.first),
        figure(row.steps === null ? "–" : `${number(row.steps)} (${number(row.low)}–${number(row.high)})`, row.most_steps ? "strong" : ""),
        figure(row.met === null ? "–" : percent(row.met), row.most_met ? "strong" : ""));
    });
    this.body.replaceChildren(table("Rules side by side", ["Rule", "Goals", "Steps a day (90 %)", "Goals met"], lines));
    if (focused) this.node.querySelector(`input[value="${CSS.escape(focused)}"]`)?.focus();
  }

  mark(chosen) {
    for (const radio of this.node.querySelectorAll("input")) {
      radio.checked = radio.value === chosen;
      radio.closest("tr").classList.toggle("chosen", radio.checked);
    }
  }
}

/** The two messages of the plan's first day. */
function messages(data) {
  return el("section", { class: "messages" }, el("h2", {}, "What the client is told"),
    ...data.messages.map((message) => el("div", { class: "message" }, el("p", { class: "small quiet" }, message.when), el("p", { class: "subject" }, message.subject), el("p", { class: "body small" }, message.text))));
}
