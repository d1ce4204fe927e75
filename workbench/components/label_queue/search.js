// The search box for any other exercise: an editable combobox with a list (WAI-ARIA 1.2).

const MOST_OPTIONS = 8;

class Search {
  #options = [];
  #active = 0;

  /**
   * `choose(exercise, name)` is called with what was taken; `exercises()` gives rows of [id, name, category];
   * `why(exercise)` says why the gate masks an exercise, in sentences.
   */
  constructor(exercises, choose, why) {
    this.exercises = exercises;
    this.choose = choose;
    this.why = why;
    this.input = el("input", {
      id: "other",
      type: "text",
      role: "combobox",
      autocomplete: "off",
      spellcheck: "false",
      placeholder: "Any other exercise",
      "aria-label": "Any other exercise",
      "aria-autocomplete": "list",
      "aria-expanded": "false",
      "aria-controls": "other-list",
      oninput: () => this.#open(),
      onfocus: () => this.input.value && this.#open(),
      onblur: () => this.#close(),
      onkeydown: (event) => this.#key(event),
    });
    this.list = el("ul", { id: "other-list", role: "listbox", "aria-label": "Exercises", class: "options", hidden: true });
    // Pressing the mouse on an option must not take the focus, or the list would close under it.
    this.list.addEventListener("mousedown", (event) => event.preventDefault());
    this.cap = cap("/");
    this.node = el("div", { class: "search" }, icon("search"), this.input, this.cap, this.list);
  }

  clear() {
    this.input.value = "";
    this.#close();
  }

  #matches() {
    const words = this.input.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
    if (!words.length) return [];
    const found = this.exercises().filter(([, name, category]) => {
      const text = `${name} ${category}`.toLowerCase();
      return words.every((word) => text.includes(word));
    });
    // Names that begin with what was typed, then names with a word that does, then other names, then categories.
    const rank = ([, name]) => {
      const at = ` ${name.toLowerCase()}`.indexOf(` ${words[0]}`);
      if (at === 0) return 0;
      return at > 0 ? 1 : name.toLowerCase().includes(words[0]) ? 2 : 3;
    };
    return found.sort((a, b) => rank(a) - rank(b)).slice(0, MOST_OPTIONS);
  }

  #open() {
    this.#options = this.#matches();
    this.#active = 0;
    this.list.replaceChildren(
      ...this.#options.map(([id, name, category], index) => {
        const masked = this.why(id);
        return el(
          "li",
          { id: `other-${index}`, role: "option", class: masked.length ? "is-masked" : null, onclick: () => this.#take(index) },
          masked.length ? icon("masked") : null,
          el("span", { class: "what" }, name),
          el("span", { class: "quiet" }, category),
          masked.length ? el("span", { class: "because small" }, `Masked. ${masked.join(". ")}`) : null,
        );
      }),
    );
    const typed = this.input.value.trim() !== "";
    if (typed && !this.#options.length) {
      this.list.append(el("li", { class: "quiet none", role: "option", "aria-disabled": "true" }, "No exercise of this name"));
    }
    show(this.list, typed);
    this.input.setAttribute("aria-expanded", String(typed));
    this.#mark();
  }

  #close() {
    show(this.list, false);
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
  }

  #mark() {
    [...this.list.children].forEach((option, index) => option.setAttribute("aria-selected", String(index === this.#active)));
    if (this.#options.length) this.input.setAttribute("aria-activedescendant", `other-${this.#active}`);
    else this.input.removeAttribute("aria-activedescendant");
  }

  #key(event) {
    const count = this.#options.length;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (this.list.hidden) this.#open();
      else if (count) this.#active = (this.#active + (event.key === "ArrowDown" ? 1 : count - 1)) % count;
      this.#mark();
    } else if (event.key === "Enter" && !event.repeat && !this.list.hidden && count) {
      event.preventDefault();
      this.#take(this.#active);
    } else if (event.key === "Escape") {
      event.preventDefault();
      this.clear();
      this.input.blur();
    }
  }

  #take(index) {
    const [id, name] = this.#options[index];
    this.clear();
    this.input.blur();
    this.choose(id, name);
  }
}
