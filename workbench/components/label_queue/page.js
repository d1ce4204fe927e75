// The page in the browser: joins desk, views and keys, and talks to the server.

const RESEND_MS = 4000; // unconfirmed for so long: send again, and say so
const SHORTCUTS = "spotter.shortcuts"; // "off" in local storage: single keys do nothing (WCAG 2.1.4)

/** Catalogues by their hash: sent once, kept for as long as the browser tab shows the workbench. */
const catalogues = new Map();
const masks = new Masks();
const SCREENING = "Profile and screening";

class Page {
  #known = "";

  constructor(root, user) {
    this.root = root;
    this.desk = new Desk(user);
    this.sentAt = 0;
    this.unanswered = false;
    this.client = new ClientView((item) => this.#open(item));
    this.request = new RequestView(this.#acts());
    this.learnt = new LearntView();
    this.standing = new StandingView();
    this.alert = el("div", { class: "alert", role: "alert" });
    this.live = el("p", { class: "sr", "aria-live": "polite" });
    this.empty = el("div", { class: "empty" });
    this.shortcuts = this.#shortcutsSwitch();
    this.main = el("div", { class: "columns" }, this.client.node, this.request.node, this.empty, this.learnt.node);
    this.node = el("div", { class: "desk" }, this.standing.node, this.alert, this.main, this.shortcuts, this.live);
    root.append(el("div", { class: "frame" }, this.node));
    this.onkeydown = (event) => this.#key(event);
    document.addEventListener("keydown", this.onkeydown);
    this.clock = setInterval(() => this.#watch(), 1000);
  }

  /** The server's side of the component, which changes with every run. */
  connect(setStateValue, setTriggerValue) {
    this.setState = setStateValue;
    this.trigger = setTriggerValue;
  }

  receive(data) {
    for (const [hash, rows] of Object.entries(data.catalogues)) catalogues.set(hash, rows);
    masks.learn(data.masks);
    const first = this.desk.server === null;
    const settled = this.desk.receive(data);
    if (settled.length) {
      this.unanswered = false;
      this.#say(settled.at(-1).message);
    }
    if (this.desk.wantsMore() || (first && this.desk.saving.length)) this.send();
    this.draw();
  }

  send() {
    this.sentAt = performance.now();
    this.setState("sent", this.desk.message([...catalogues.keys()]));
  }

  draw() {
    const { desk } = this;
    const item = desk.current;
    this.node.dataset.saving = String(desk.saving.length);
    this.node.dataset.request = item ? String(item.request) : "";
    this.standing.update(desk);
    this.learnt.update(desk);
    this.#drawAlert();
    show(this.client.node, item !== null);
    show(this.request.decision, item !== null);
    show(this.request.details, item !== null);
    for (const name of ["none", "skip", "flag"]) this.request[name].disabled = item === null;
    if (item) this.client.update(item);
    this.request.update(item ?? NOBODY, desk.last !== undefined);
    this.#drawEmpty(item);
  }

  close() {
    document.removeEventListener("keydown", this.onkeydown);
    clearInterval(this.clock);
  }

  get isShown() {
    return this.root.host?.isConnected ?? this.root.isConnected;
  }

  #acts() {
    return {
      choose: (index) => {
        const choice = this.desk.current?.choices[index];
        if (choice) this.#exercise(choice.exercise, choice.name);
      },
      other: (exercise, text) => this.#exercise(exercise, text),
      whyMasked: (exercise) => this.#whyMasked(exercise),
      giveMasked: (details) => {
        this.#answer("exercise", details);
        this.#focusBack();
      },
      closeOverride: () => {
        this.request.override.close();
        this.#focusBack();
      },
      openScreening: () => this.#open(this.desk.current, SCREENING),
      catalogue: () => catalogues.get(this.desk.current?.catalogue) ?? [],
      none: () => this.#answer("none suitable", { text: "None suitable" }),
      flag: () => this.#answer("flag", { text: "Flagged" }),
      skip: () => {
        if (!this.desk.current) return;
        this.request.override.close();
        this.focusBefore = this.root.activeElement;
        this.request.reasons.open();
      },
      skipWith: (reason) => {
        this.#answer("skip", { text: "Skipped", reason });
        this.#focusBack();
      },
      closeReasons: () => {
        this.request.reasons.close();
        this.#focusBack();
      },
      undo: () => {
        const undone = this.desk.undo();
        if (undone) this.#done(`Taking back: ${undone.text} for ${undone.client}.`);
      },
    };
  }

  #open(item, section = "") {
    this.trigger("open_client", { client: item.client_id, section });
  }

  /** Give an exercise; what the gate masks only with a reason, which is asked for before anything is sent. */
  #exercise(exercise, name) {
    const item = this.desk.current;
    if (!item) return;
    const sentences = this.#whyMasked(exercise);
    if (!sentences.length) {
      this.#answer("exercise", { exercise, text: name });
      return;
    }
    this.request.reasons.close();
    this.focusBefore = this.root.activeElement;
    this.request.override.open({ exercise, name, client: item.client, sentences });
  }

  #whyMasked(exercise) {
    const item = this.desk.current;
    if (!item) return [];
    const why = masks.why(item, exercise);
    const refusal = this.desk.refusal(item.request, exercise);
    return refusal === null ? why : [refusal]; // the newer of the two
  }

  #answer(verdict, details) {
    const entry = this.desk.answer(verdict, details);
    if (!entry) return;
    const next = this.desk.current;
    this.#done(`${entry.text} for ${entry.client}. ${next ? `Next: ${next.client}. ${next.why}` : "No request left here."}`);
  }

  #done(words) {
    this.desk.wantsMore();
    this.send();
    this.#say(words);
    this.draw();
  }

  #key(event) {
    if (!this.isShown) return undefined;
    if (document.querySelector('[data-testid="stDialog"]')) return undefined;
    const found = meaning(event);
    if (!found) return undefined;
    const { act, reasons, override, search } = this.request;
    if (found.command === "escape") {
      if (override.isOpen) act.closeOverride();
      else if (reasons.isOpen) act.closeReasons();
      else if (this.desk.warnings.length) this.#dismiss();
      return undefined;
    }
    if (this.node.classList.contains("no-keys")) return undefined;
    event.preventDefault();
    // While a reason is asked for, no key means an answer: what was typed ahead was not meant for it.
    if (override.isOpen) override.text.focus();
    else if (reasons.isOpen) {
      if (found.digit) reasons.press(found.digit);
    } else if (found.digit) act.choose(found.digit - 1);
    else if (found.command === "search") search.input.focus();
    else if (found.command === "none suitable") act.none();
    else act[found.command]();
    return undefined;
  }

  /** Once a second: what was not confirmed in time is sent again, and the trainer is told. */
  #watch() {
    if (!this.isShown) return undefined;
    if (!this.desk.saving.length || performance.now() - this.sentAt < RESEND_MS) return undefined;
    this.unanswered = true;
    this.send();
    this.draw();
    return undefined;
  }

  #drawAlert() {
    const { desk } = this;
    const saving = desk.saving.length;
    const kept = saving === 1 ? "1 answer is" : `${saving} answers are`;
    const lines = [];
    if (saving && desk.fault) lines.push(`${desk.fault} ${kept} kept in this tab and sent again by themselves.`);
    else if (desk.fault) lines.push(desk.fault);
    else if (saving && this.unanswered) {
      lines.push(`No word from the workbench. ${kept} kept in this tab and sent again by themselves; you can go on, or wait.`);
    }
    lines.push(...desk.warnings);
    if (desk.notice && !this.noticeRead) lines.push(desk.notice);
    const text = lines.join("\n");
    if (text === this.#known) return;
    this.#known = text;
    const canClose = desk.warnings.length > 0 || Boolean(desk.notice);
    this.alert.replaceChildren(
      ...(lines.length
        ? [
          icon("warning"),
          el("div", { class: "lines" }, ...lines.map((line) => el("p", {}, line))),
          canClose ? el("button", { type: "button", class: "action", onclick: () => this.#dismiss() }, cap("Esc"), "Close") : null,
        ].filter(Boolean)
        : []),
    );
  }

  #dismiss() {
    this.desk.warnings = [];
    this.noticeRead = true;
    this.draw();
  }

  #drawEmpty(item) {
    show(this.empty, item === null);
    this.node.classList.toggle("is-empty", item === null);
    if (item) return;
    const { title, text, buttons } = emptiness(this.desk);
    this.empty.replaceChildren(
      el("h2", {}, title),
      el("p", { class: "quiet" }, text),
      el("div", { class: "row" }, ...buttons.map((name) => this.#emptyButton(name))),
    );
  }

  #emptyButton(name) {
    const acts = {
      "Look again": () => this.desk.askForMore(),
      "Bring skipped back": () => this.desk.bringBack(),
    };
    const onclick = () => {
      acts[name]();
      this.send();
      this.draw();
    };
    return el("button", { type: "button", class: "action", onclick }, name);
  }

  #shortcutsSwitch() {
    const box = el("input", { type: "checkbox", id: "shortcuts" });
    box.checked = remembered() !== "off";
    const apply = () => this.node?.classList.toggle("no-keys", !box.checked);
    box.addEventListener("change", () => {
      remember(box.checked ? "on" : "off");
      apply();
    });
    queueMicrotask(apply);
    return el(
      "p",
      { class: "shortcuts small quiet" },
      el("label", { for: "shortcuts" }, box, "Single-key shortcuts"),
      el("span", { class: "legend-keys" }, "1–5 answer, / other exercise, N none, S skip, F flag, U undo"),
    );
  }

  #focusBack() {
    this.focusBefore?.focus?.();
    this.focusBefore = null;
  }

  #say(words) {
    this.live.textContent = words;
  }
}

const NOBODY = { client: "nobody", why: "", choices: [], masked: [], gate: "", also: [], nearest: [], measures: [] };

/** What is said where no request is on screen, and what can be done. */
function emptiness({ standing, saving, refill, served }) {
  if (!standing || refill !== served || saving.length) {
    return { title: "One moment …", text: "The next requests are on their way.", buttons: [] };
  }
  if (standing.left === 0) {
    return {
      title: "Done for today",
      text: `${standing.advice} ${standing.open} still open, for colleagues too.`,
      buttons: [],
    };
  }
  if (standing.open === 0 && standing.skipped > 0) {
    const some = standing.skipped === 1 ? "1 request that you skipped is" : `${standing.skipped} requests that you skipped are`;
    return { title: "Only skipped requests are left", text: `${some} still open for you and for your colleagues.`, buttons: ["Bring skipped back", "Look again"] };
  }
  if (standing.open === 0) {
    const flagged = standing.flagged ? ` ${standing.flagged} flagged for a second pair of eyes.` : "";
    return {
      title: "Nothing is waiting",
      text: `Every request has its answer. The model asks again when a client has logged the next exercise and it is in doubt.${flagged}`,
      buttons: ["Look again"],
    };
  }
  return { title: "There is more", text: `${standing.open} requests are waiting.`, buttons: ["Look again"] };
}

function remembered() {
  try {
    return localStorage.getItem(SHORTCUTS);
  } catch {
    return null;
  }
}

function remember(value) {
  try {
    localStorage.setItem(SHORTCUTS, value);
  } catch {
    // Then it is asked again next time.
  }
}

const pages = new WeakMap();

export default function ({ parentElement, data, setStateValue, setTriggerValue }) {
  let page = pages.get(parentElement);
  if (!page) {
    page = new Page(parentElement, data.user);
    pages.set(parentElement, page);
  }
  page.connect(setStateValue, setTriggerValue);
  page.receive(data);
  // Also called for a run that a newer one overtook, while the component stays: then nothing ends.
  return () => {
    if (page.isShown) return;
    page.close();
    pages.delete(parentElement);
  };
}
