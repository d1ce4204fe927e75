// The two panels that a decision is made from: the client, and the request.

const CHOICES = 5;
const SUCCESS_ICON = { done: "done", failed: "failed", "": "unknown" };
const MOST_NAMED = 6;

const TIP =
  "Margin: how far the first suggestion is ahead of the second, from 0 (level) to 1.\n"
  + "p-value: among comparable cases on clients held out of training, the share in which the model was at least "
  + "this unsure. It asks when that share is small.\n"
  + "Entropy: how widely the probability is spread over all exercises, in nats; 0 when one exercise has it all.\n"
  + "Least confidence: the probability that the model leaves to all exercises but its first suggestion, from 0 to 1.";
const NO_LIMITS = "None named in the medical history and screening answers on record.";
const LIMITS_UNKNOWN = "Limits are not known: no medical history or screening answers on record.";

/** Left: who it is about. Limits come first and stay in view. */
class ClientView {
  constructor(open) {
    this.name = el("h2", { class: "name" });
    this.about = el("p", { class: "quiet" });
    this.cohort = el("p", { class: "quiet small" });
    this.synthetic = el("span", { class: "badge" }, "synthetic");
    this.limits = el("ul", { class: "limits" });
    this.history = el("ol", { class: "history" });
    this.link = el("button", { type: "button", class: "link", onclick: () => open(this.item) }, "Open client page");
    this.gate = el("p", { class: "gate-says" });
    this.limitsTitle = el("h3", {}, icon("warning"), "Limits");
    this.node = el(
      "section",
      { class: "client", "aria-label": "Client" },
      el("div", { class: "who" }, el("div", { class: "row" }, this.name, this.synthetic), this.about, this.cohort),
      el("div", { class: "limits-box" }, this.limitsTitle, this.limits, this.gate),
      el("div", { class: "past" }, el("h3", {}, "Last exercises"), this.history, this.link),
    );
  }

  update(item) {
    if (this.item === item) return;
    this.item = item;
    this.name.textContent = item.client;
    this.about.textContent = item.about;
    this.cohort.textContent = item.cohort;
    show(this.synthetic, item.synthetic);
    this.limitsTitle.classList.toggle("some", item.limits.length > 0 || !item.limits_known);
    this.limits.replaceChildren(
      ...(item.limits.length
        ? item.limits.map((limit) => el("li", {}, limit))
        : [el("li", { class: "quiet none" }, item.limits_known ? NO_LIMITS : LIMITS_UNKNOWN)]),
    );
    this.gate.replaceChildren(el("strong", {}, "Gate "), item.gate);
    show(this.gate, item.gate !== "");
    this.history.replaceChildren(
      ...(item.history.length ? item.history.map(pastExercise) : [el("li", { class: "quiet none" }, "Nothing logged yet")]),
    );
  }
}

function pastExercise({ name, success, day }) {
  return el(
    "li",
    { class: success || "unknown" },
    icon(SUCCESS_ICON[success]),
    el("span", { class: "what" }, name),
    el("span", { class: "quiet small" }, [success, day].filter(Boolean).join(" · ")),
  );
}

/** Middle: what is asked, the five suggestions, and the other ways to answer. */
class RequestView {
  constructor(act) {
    this.act = act;
    this.title = el("h2", {});
    this.why = el("p", { class: "why" });
    this.choices = Array.from({ length: CHOICES }, (_, index) => new ChoiceButton(index, () => act.choose(index)));
    this.also = el("p", {});
    this.nearest = el("ul", { class: "nearest", "aria-label": "What followed in the past cases most alike" });
    this.nearestTitle = el("p", {}, "What followed in the past cases most alike:");
    this.figures = el("span", {});
    this.search = new Search(
      () => act.catalogue(),
      (id, name) => act.other(id, name),
      (id) => act.whyMasked(id),
    );
    this.masked = new MaskedList(
      (choice) => act.other(choice.exercise, choice.name),
      () => act.openScreening(),
    );
    this.none = this.#button("n", "None suitable", () => act.none());
    this.skip = this.#button("s", "Skip …", () => act.skip());
    this.flag = this.#button("f", "Flag", () => act.flag(), "Ask for a second pair of eyes");
    this.undo = this.#button("u", "Undo", () => act.undo(), "Take the last answer back, and what the model learnt from it");
    this.undo.classList.add("undo");
    this.reasons = new SkipReasons(act);
    this.override = new OverrideReason(act);
    this.suggestions = el("div", { class: "choices", role: "group", "aria-label": "The model's suggestions" }, ...this.choices.map((c) => c.node));
    this.decision = el(
      "div",
      { class: "decision" },
      el("div", { class: "asked" }, this.title, this.why),
      this.suggestions,
      this.masked.node,
      this.search.node,
    );
    this.actions = el("div", { class: "actions" }, this.none, this.skip, this.flag, this.undo);
    this.details = el(
      "div",
      { class: "details small quiet" },
      this.also,
      this.nearestTitle,
      this.nearest,
      el("p", { class: "figures" }, this.figures, tooltip("What do these figures mean?", TIP)),
    );
    this.node = el("section", { class: "request", "aria-label": "Request" }, this.decision, this.override.node, this.reasons.node, this.actions, this.details);
  }

  update(item, canUndo) {
    this.undo.disabled = !canUndo;
    if (this.item === item) return;
    this.item = item;
    this.reasons.close();
    this.override.close();
    this.search.clear();
    this.title.textContent = `What should ${item.client} do next?`;
    this.why.textContent = item.why;
    this.choices.forEach((button, index) => button.update(item.choices[index]));
    show(this.suggestions, item.choices.length > 0);
    this.masked.update(item, (exercise) => this.act.whyMasked(exercise));
    this.also.textContent = alsoPossible(item);
    this.nearest.replaceChildren(...item.nearest.map((line) => el("li", {}, line)));
    show(this.nearestTitle, item.nearest.length > 0);
    this.figures.textContent = item.measures.join(" · ");
  }

  #button(key, text, onclick, title = null) {
    return el("button", { type: "button", class: "action", onclick, title, "aria-keyshortcuts": key }, cap(key.toUpperCase()), text);
  }
}

function alsoPossible({ choices, also }) {
  const any = choices.some((choice) => choice.in_set);
  if (!choices.length) return "";
  if (!any && !also.length) return "No exercise is likely enough for the prediction set: this case is unlike those the model knows.";
  const legend =
    "● in the prediction set: with the cohort's model, on clients held out, the right exercise was in it at least nine times in ten.";
  if (!also.length) return legend;
  const rest = also.length - MOST_NAMED;
  return `${legend} Also possible: ${also.slice(0, MOST_NAMED).join(", ")}${rest > 0 ? ` and ${rest} more` : ""}.`;
}

/** One suggestion. The button stays the same element from request to request, so that focus stays on it. */
class ChoiceButton {
  constructor(index, onclick) {
    this.name = el("span", { class: "what" });
    this.category = el("span", { class: "quiet small" });
    this.mark = el("span", { class: "mark", "aria-hidden": "true" }, "●");
    this.fill = el("span", { class: "fill" });
    this.p = el("span", { class: "p" });
    this.node = el(
      "button",
      { type: "button", class: "choice", onclick, "aria-keyshortcuts": String(index + 1) },
      cap(String(index + 1)),
      el("span", { class: "label" }, this.name, this.category),
      this.mark,
      el("span", { class: "bar", "aria-hidden": "true" }, this.fill),
      this.p,
    );
  }

  update(choice) {
    show(this.node, choice !== undefined);
    if (!choice) return;
    this.name.textContent = choice.name;
    this.category.textContent = choice.category;
    this.mark.classList.toggle("out", !choice.in_set);
    this.fill.style.width = `${Math.max(1, 100 * choice.p)}%`;
    this.p.textContent = percent(choice.p);
    const inSet = choice.in_set ? ", in the prediction set" : "";
    this.node.setAttribute("aria-label", `${choice.name}, ${choice.category}, ${percent(choice.p)}${inSet}`);
  }
}

const REASONS = ["Need to know more", "Not my client", "Two are equally right", "Later"];

/** Why a request is skipped: a few reasons with a key each, or free text. */
class SkipReasons {
  constructor(act) {
    this.act = act;
    this.text = el("input", {
      type: "text",
      maxlength: "500",
      placeholder: "Another reason",
      "aria-label": "Another reason",
      onkeydown: (event) => {
        if (event.key === "Enter" && !event.repeat) this.#skip(this.text.value);
        if (event.key === "Escape") act.closeReasons();
        if (["Enter", "Escape"].includes(event.key)) event.preventDefault();
      },
    });
    this.buttons = REASONS.map((reason, index) =>
      el("button", { type: "button", class: "action", onclick: () => this.#skip(reason) }, cap(String(index + 1)), reason),
    );
    this.node = el(
      "fieldset",
      { class: "reasons", hidden: true },
      el("legend", {}, "Why skip this one?"),
      ...this.buttons,
      el(
        "div",
        { class: "row" },
        this.text,
        el("button", { type: "button", class: "action", onclick: () => this.#skip(this.text.value) }, "Skip"),
        el("button", { type: "button", class: "action", onclick: () => act.closeReasons() }, cap("Esc"), "Cancel"),
      ),
    );
  }

  get isOpen() {
    return !this.node.hidden;
  }

  open() {
    this.text.value = "";
    show(this.node, true);
    this.buttons[0].focus();
  }

  close() {
    leave(this.node);
    show(this.node, false);
  }

  press(digit) {
    if (REASONS[digit - 1]) this.#skip(REASONS[digit - 1]);
  }

  #skip(reason) {
    this.act.skipWith(reason.trim());
  }
}

let tips = 0;

/** A small button whose explanation shows on hover and on focus, and goes on Escape. */
function tooltip(label, text) {
  const id = `tip-${(tips += 1)}`;
  const tip = el("span", { id, role: "tooltip", class: "tip" }, text);
  const button = el("button", { type: "button", class: "info", "aria-label": label, "aria-describedby": id }, icon("info"));
  const holder = el("span", { class: "tip-holder" }, button, tip);
  holder.addEventListener("keydown", (event) => event.key === "Escape" && holder.classList.add("off"));
  for (const name of ["mouseleave", "focusout"]) holder.addEventListener(name, () => holder.classList.remove("off"));
  return holder;
}
