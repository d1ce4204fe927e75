// What the gate masks: the suggestions that it holds back, and the reason that an answer against it needs.

const SHORTEST_REASON = /\p{L}{2}/u; // keys typed ahead are digits or single letters: those are no reason
const LONGEST_REASON = 500;

/** Masks by their hash: for each exercise the sentences that say why it is masked. */
class Masks {
  #known = new Map();

  /** Takes in masks as the server writes them: sentences once each, exercises in groups that share some. */
  learn(documents) {
    for (const [hash, { sentences, groups }] of Object.entries(documents ?? {})) {
      if (this.#known.has(hash)) continue;
      const why = new Map();
      for (const [places, exercises] of groups) {
        const said = places.map((place) => sentences[place]);
        for (const exercise of exercises) why.set(exercise, said);
      }
      this.#known.set(hash, why);
    }
  }

  /** Why an exercise is masked for the client of an item; empty if it is not. */
  why(item, exercise) {
    return this.#known.get(item?.mask)?.get(exercise) ?? [];
  }
}

/** Below the suggestions: what the gate says where it leaves nothing, and what the model thought of that it masks. */
class MaskedList {
  constructor(choose, openScreening) {
    this.choose = choose;
    this.sentence = el("p", {});
    this.open = el("button", { type: "button", class: "link", onclick: openScreening }, "Open Profile and screening");
    this.closed = el("div", { class: "gate-closed" }, icon("masked"), el("div", {}, this.sentence, this.open));
    this.title = el("h3", {}, "The model also thought of");
    this.groups = el("div", { class: "masked-groups" });
    this.also = el("div", { class: "masked", role: "group", "aria-label": "Masked by the gate" }, this.title, this.groups);
    this.node = el("div", { class: "gate" }, this.closed, this.also);
  }

  update(item, why) {
    const nothing = item.choices.length === 0;
    this.sentence.textContent = `Nothing is suggested. ${item.gate}`.trim();
    show(this.closed, nothing && item.request !== undefined);
    show(this.also, item.masked.length > 0);
    this.title.textContent = nothing ? "The model thought of" : "The model also thought of";
    this.groups.replaceChildren(...grouped(item.masked, why).map(([sentences, choices]) => this.#group(sentences, choices)));
    show(this.node, !this.closed.hidden || !this.also.hidden);
  }

  #group(sentences, choices) {
    return el(
      "div",
      { class: "masked-group" },
      el(
        "ul",
        { class: "row" },
        ...choices.map((choice) =>
          el(
            "li",
            {},
            el(
              "button",
              {
                type: "button",
                class: "masked-choice",
                onclick: () => this.choose(choice),
                "aria-label": `${choice.name}, ${percent(choice.p)}, masked`,
              },
              icon("masked"),
              el("span", { class: "what" }, choice.name),
              el("span", { class: "p" }, percent(choice.p)),
            ),
          ),
        ),
      ),
      el("ul", { class: "because small" }, ...sentences.map((sentence, index) => el("li", {}, index ? sentence : `Masked. ${sentence}`))),
    );
  }
}

/** Choices that are masked for the same sentences, together: [sentences, choices], in the order they come. */
function grouped(choices, why) {
  const groups = new Map();
  for (const choice of choices) {
    const sentences = why(choice.exercise);
    const key = sentences.join("\n");
    if (!groups.has(key)) groups.set(key, [sentences, []]);
    groups.get(key)[1].push(choice);
  }
  return [...groups.values()];
}

/** Why something masked is right all the same: asked for at once, in words, before anything is sent. */
class OverrideReason {
  #given = null;

  constructor(act) {
    this.act = act;
    this.legend = el("legend", {});
    this.because = el("ul", { class: "because small" });
    this.fault = el("p", { class: "fault small", role: "alert", id: "override-fault" });
    this.text = el("input", {
      type: "text",
      id: "override-reason",
      maxlength: String(LONGEST_REASON),
      autocomplete: "off",
      placeholder: "For example: her physiotherapist asked for it",
      "aria-label": "Reason to give it all the same",
      "aria-describedby": "override-fault",
      oninput: () => this.#say(""),
      onkeydown: (event) => {
        if (event.key === "Enter" && !event.repeat && !event.isComposing) this.#confirm();
        if (event.key === "Escape") act.closeOverride();
        if (["Enter", "Escape"].includes(event.key)) event.preventDefault();
      },
    });
    this.node = el(
      "fieldset",
      { class: "reasons override", hidden: true },
      this.legend,
      this.because,
      el(
        "div",
        { class: "row" },
        this.text,
        el("button", { type: "button", class: "action", onclick: () => this.#confirm() }, cap("⏎"), "Record with this reason"),
        el("button", { type: "button", class: "action", onclick: () => act.closeOverride() }, cap("Esc"), "Cancel"),
      ),
      this.fault,
      el("p", { class: "small quiet" }, "The reason is kept with the answer and shown to everybody who sees the client."),
    );
  }

  get isOpen() {
    return !this.node.hidden;
  }

  open({ exercise, name, client, sentences }) {
    this.#given = { exercise, text: name, seen: sentences };
    this.legend.textContent = `${name} is masked for ${client}. Why is it right all the same?`;
    this.because.replaceChildren(...sentences.map((sentence) => el("li", {}, sentence)));
    this.text.value = "";
    this.#say("");
    show(this.node, true);
    this.text.focus();
    this.node.scrollIntoView({ block: "nearest" });
  }

  close() {
    leave(this.node);
    show(this.node, false);
    this.#given = null;
  }

  #confirm() {
    const reason = this.text.value.trim();
    if (!SHORTEST_REASON.test(reason)) {
      this.#say("Write the reason in a few words; without one nothing is recorded.");
      this.text.focus();
      return;
    }
    this.act.giveMasked({ ...this.#given, override: reason });
  }

  #say(words) {
    this.fault.textContent = words;
    if (words) this.text.setAttribute("aria-invalid", "true");
    else this.text.removeAttribute("aria-invalid");
  }
}

/** A hidden field keeps the focus until the next frame, and a key pressed before that would be taken for text. */
function leave(node) {
  const focused = node.getRootNode().activeElement;
  if (focused && node.contains(focused)) focused.blur();
}
