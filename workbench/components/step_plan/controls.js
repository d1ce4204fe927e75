// The sliders and the rules: native inputs, each with a label, its value in words, and a box to type it.

const LAST_UNDO = 50;

/** What the person has set, with what was set before. */
class Values {
  #past = [];
  #moving = "";

  constructor(start) {
    this.now = { ...start };
  }

  /** Set one value; a drag is one change however many values it goes through. */
  set(name, value) {
    if (this.#moving !== name) this.#remember();
    this.#moving = name;
    this.now = { ...this.now, [name]: value };
  }

  settle() {
    this.#moving = "";
  }

  setAll(values) {
    this.#remember();
    this.#moving = "";
    this.now = { ...this.now, ...values };
  }

  undo() {
    this.#moving = "";
    const before = this.#past.pop();
    if (before) this.now = before;
    return Boolean(before);
  }

  get canUndo() {
    return this.#past.length > 0;
  }

  #remember() {
    this.#past = [...this.#past.slice(1 - LAST_UNDO), this.now];
  }
}

/** A slider with its label, a box for the number, the estimate and its 90 % interval under the track. */
class Slider {
  constructor(spec, changed, settled) {
    this.spec = spec;
    this.range = el("input", { type: "range", id: `range-${spec.name}`, min: spec.min, max: spec.max, step: spec.step, "aria-describedby": `hint-${spec.name}` });
    this.box = el("input", { type: "number", class: "box", min: spec.min, max: spec.max, step: "any", "aria-label": `${spec.label}, ${spec.unit || "number"}`, placeholder: spec.off });
    this.hint = el("span", { class: "hint small", id: `hint-${spec.name}` }, spec.hint);
    this.range.addEventListener("input", () => {
      const value = Number(this.range.value);
      this.#tell(value);
      changed(spec.name, this.#meant(value));
    });
    this.range.addEventListener("change", settled);
    this.box.addEventListener("change", () => {
      const typed = this.box.value === "" && spec.off ? null : Math.min(spec.max, Math.max(spec.min, Number(this.box.value)));
      changed(spec.name, typed);
      this.set(typed);
      settled();
    });
    this.node = el("div", { class: "slider" },
      el("label", { for: this.range.id }, spec.label, spec.unit ? el("span", { class: "unit" }, ` ${spec.unit}`) : ""),
      this.box,
      el("div", { class: "track" }, this.#band(), this.range),
      this.hint);
  }

  set(value) {
    const shown = value ?? this.spec.max;
    this.range.value = String(shown);
    this.#tell(value);
  }

  #tell(value) {
    const off = this.#meant(value) === null;
    this.box.value = off ? "" : String(Number(Number(value).toFixed(this.spec.decimals)));
    this.range.setAttribute("aria-valuetext", off ? this.spec.off : `${number_of(value, this.spec.decimals)} ${this.spec.unit}`.trim());
  }

  /** The right end of a slider that can be switched off means: no limit. */
  #meant(value) {
    return value === null || (this.spec.off && value >= this.spec.max) ? null : value;
  }

  #band() {
    const { min, max, low, high, estimate } = this.spec;
    const share = (value) => 100 * Math.min(1, Math.max(0, (value - min) / (max - min)));
    const band = el("span", { class: "band", "aria-hidden": "true" });
    if (low === null || high === null) return band;
    const between = el("i", { class: "between" });
    between.style.left = `${share(low)}%`;
    between.style.width = `${share(high) - share(low)}%`;
    const mark = el("i", { class: "mark" });
    mark.style.left = `${share(estimate)}%`;
    band.append(between, mark);
    return band;
  }
}

function number_of(value, decimals) {
  return Number(value).toLocaleString("en-GB", { maximumFractionDigits: decimals });
}

/** Seven boxes for the weekdays that are rest days. */
class Weekdays {
  constructor(spec, changed, settled) {
    this.boxes = spec.days.map((name, day) => {
      const box = el("input", { type: "checkbox", id: `${spec.name}-${day}` });
      box.addEventListener("change", () => {
        changed(spec.name, this.boxes.flatMap((other, index) => (other.checked ? [index] : [])));
        settled();
      });
      return box;
    });
    const labels = this.boxes.map((box, day) => el("label", { class: "chip", for: box.id }, box, spec.days[day]));
    this.node = el("fieldset", { class: "weekdays" }, el("legend", {}, spec.label), el("div", { class: "row" }, ...labels), el("p", { class: "small hint" }, spec.hint));
  }

  set(days) {
    this.boxes.forEach((box, day) => (box.checked = days.includes(day)));
  }
}

/** A number that may be left out. */
class Field {
  constructor(spec, changed, settled) {
    this.box = el("input", { type: "number", class: "box", id: `field-${spec.name}`, min: spec.min, max: spec.max, step: spec.step, placeholder: spec.off, "aria-describedby": `hint-${spec.name}` });
    this.box.addEventListener("change", () => {
      changed(spec.name, this.box.value === "" ? null : Number(this.box.value));
      settled();
    });
    this.node = el("div", { class: "field" },
      el("label", { for: this.box.id }, spec.label, spec.unit ? el("span", { class: "unit" }, ` ${spec.unit}`) : ""),
      this.box,
      el("span", { class: "hint small", id: `hint-${spec.name}` }, spec.hint));
  }

  set(value) {
    this.box.value = value === null || value === undefined ? "" : String(value);
  }
}

/** One of a few. */
class Choice {
  constructor(spec, changed, settled) {
    this.list = el("select", { id: `field-${spec.name}` }, ...spec.choices.map((value) => el("option", { value }, number_of(value, 0))));
    this.list.addEventListener("change", () => {
      changed(spec.name, Number(this.list.value));
      settled();
    });
    this.node = el("div", { class: "field" }, el("label", { for: this.list.id }, spec.label), this.list, el("span", { class: "hint small" }, spec.hint));
  }

  set(value) {
    this.list.value = String(value);
  }
}

/** Days whose goal is fixed by hand: a day, a goal, and the list of those that are. */
class Fixed {
  constructor(spec, changed, settled) {
    this.days = el("select", { id: "fixed-day" });
    this.goal = el("input", { type: "number", class: "box", id: "fixed-goal", min: 0, max: spec.max, step: 50, placeholder: "steps" });
    this.list = el("ul", { class: "chips", "aria-label": "Fixed goals" });
    this.change = (fixed) => {
      this.fixed = fixed;
      changed(spec.name, fixed);
      settled();
    };
    const add = el("button", { type: "button", class: "action", onclick: () => {
      if (this.goal.value === "") return this.goal.focus();
      this.change({ ...this.fixed, [this.days.value]: Number(this.goal.value) });
      this.goal.value = "";
      return undefined;
    } }, "Fix");
    this.fixed = {};
    this.node = el("fieldset", { class: "fixed" }, el("legend", {}, spec.label),
      el("div", { class: "row" }, el("label", { class: "sr", for: "fixed-day" }, "Day"), this.days, el("label", { class: "sr", for: "fixed-goal" }, "Goal, steps"), this.goal, add),
      this.list);
  }

  set(fixed) {
    this.fixed = fixed ?? {};
    this.#list();
  }

  /** The days that can be fixed are those of the plan on screen. */
  offer(days) {
    const chosen = this.days.value;
    this.labels = Object.fromEntries(days.map((day) => [day.day, day.label]));
    this.days.replaceChildren(...days.map((day) => el("option", { value: day.day }, day.label)));
    if (chosen in this.labels) this.days.value = chosen;
    this.#list();
  }

  #list() {
    const chips = Object.entries(this.fixed).sort().map(([day, goal]) => {
      const words = `${this.labels?.[day] ?? day}: ${number(goal)}`;
      return el("li", { class: "chip" }, words, el("button", { type: "button", class: "drop", "aria-label": `Free ${words}`, onclick: () => {
        const { [day]: _gone, ...left } = this.fixed;
        this.change(left);
        this.#list();
      } }, "×"));
    });
    this.list.replaceChildren(...chips);
  }
}

const KINDS = { slider: Slider, weekdays: Weekdays, field: Field, choice: Choice, fixed: Fixed };

/** All controls, in their groups; the last group is folded away. */
class Controls {
  constructor(specs, changed, settled) {
    this.controls = new Map();
    const groups = new Map();
    for (const spec of specs) {
      const control = new KINDS[spec.kind](spec, changed, settled);
      this.controls.set(spec.name, control);
      groups.set(spec.group, [...(groups.get(spec.group) ?? []), control.node]);
    }
    this.nodes = [...groups].map(([title, nodes], index) => (index < 2
      ? el("section", { class: "group" }, el("h2", {}, title), ...nodes)
      : el("details", { class: "group" }, el("summary", {}, title), ...nodes)));
  }

  set(values, except = "") {
    for (const [name, control] of this.controls) if (name !== except) control.set(values[name]);
  }

  offer(days) {
    this.controls.get("fixed")?.offer(days);
  }
}
