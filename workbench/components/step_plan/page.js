// The page in the browser: each movement of a slider asks the server for the plan; the newest answer is drawn.

const LOST_MS = 6000; // an answer that is not here by then is asked for again
const LONG_MS = 600; // an answer that takes longer is said to be under way
const STILL_MS = 250; // no movement for so long: the rules are compared too

class Page {
  constructor(root, data) {
    this.root = root;
    this.tab = crypto.randomUUID();
    this.asked = 0; // movements so far; each has a number
    this.sent = -1;
    this.drawn = -1;
    this.compared = -1;
    this.waiting = false;
    this.values = new Values(data.values);
    this.controlled = el("div", { class: "groups" });
    this.picture = new Picture();
    this.summary = el("p", { class: "summary" });
    this.alert = el("p", { class: "alert", role: "alert", hidden: true });
    this.live = el("p", { class: "sr", "aria-live": "polite" });
    this.solving = el("p", { class: "solving", role: "status" }); // empty unless an answer takes long
    this.days = el("div");
    this.messages = el("div");
    this.reasonMissing = false; // when an approval was tried
    this.comparison = new Comparison((policy) => this.setAll({ policy }));
    this.undo = el("button", { type: "button", class: "action", onclick: () => this.#undone() }, "Undo last change");
    this.reset = el("button", { type: "button", class: "action", onclick: () => this.setAll(this.standing.start) }, "Reset to estimate");
    this.reason = el("input", { type: "text", id: "reason", maxlength: 500, placeholder: "Why this plan?" });
    this.approve = el("button", { type: "button", class: "approve", onclick: () => this.#approved() }, "Approve plan");
    this.reason.addEventListener("keydown", (event) => event.key === "Enter" && this.#approved());
    this.reason.addEventListener("input", () => this.#needsReason(false));
    this.by = el("p", { class: "small quiet by" });
    this.approval = el("section", { class: "approval" },
      el("div", { class: "reason" }, el("label", { for: "reason" }, "Reason"), this.reason), this.approve, this.by);
    this.node = el("div", { class: "step-plan" },
      el("div", { class: "tuned" },
        el("div", { class: "shown" }, this.picture.node, this.summary),
        el("div", { class: "controls" }, this.controlled, el("div", { class: "row" }, this.reset, this.undo))),
      el("div", { class: "decided" }, this.approval, this.comparison.node, el("details", { class: "day-by-day", open: true }, el("summary", {}, "Day by day"), this.days)),
      el("div", { class: "aside" }, this.messages),
      this.alert,
      this.solving,
      this.live);
    root.append(el("div", { class: "frame" }, this.node));
    this.clock = setInterval(() => this.#watch(), 500);
  }

  /** The server's side of the component, which changes with every run. */
  connect(setStateValue, setTriggerValue) {
    this.setState = setStateValue;
    this.trigger = setTriggerValue;
  }

  receive(data) {
    const own = data.echo.tab === this.tab;
    const first = this.drawn < 0;
    if (!first && !own) {
      // Not an answer to this visit: the figures are of other values, but the record may have been read anew.
      if (data.standing && data.standing.id !== this.standing.id) {
        this.#stand(data.standing);
        this.#ask();
      }
      return;
    }
    if (data.standing) this.#stand(data.standing);
    const serial = own ? data.echo.serial : 0;
    if (own && serial >= this.sent) this.#answered();
    // Values that make no plan leave nothing to compare: asking again would go on for ever.
    if (data.comparison || data.error) this.compared = Math.max(this.compared, serial);
    if (!first) this.pump(); // first, so that the server works on the next while this one is drawn
    if (serial >= this.drawn) this.#draw(data, serial);
  }

  move(name, value) {
    this.values.set(name, value);
    this.#ask();
  }

  setAll(values) {
    this.values.setAll(values);
    this.controls.set(this.values.now);
    this.comparison.mark(this.values.now.policy);
    this.#ask();
  }

  /** Send the newest values, unless an answer is still on its way. */
  pump() {
    if (this.waiting) return;
    const still = performance.now() - (this.movedAt ?? 0) > STILL_MS;
    const compare = still && this.compared < this.asked;
    if (this.sent >= this.asked && !compare) return;
    this.#send(compare);
  }

  close() {
    clearInterval(this.clock);
    clearTimeout(this.still);
    clearTimeout(this.long);
  }

  get isShown() {
    return this.root.host?.isConnected ?? this.root.isConnected;
  }

  #ask() {
    this.asked += 1;
    this.node.dataset.asked = String(this.asked);
    this.movedAt = performance.now();
    this.undo.disabled = !this.values.canUndo;
    this.approve.disabled = true;
    clearTimeout(this.still);
    this.still = setTimeout(() => this.pump(), STILL_MS + 10);
    this.pump();
  }

  #send(compare) {
    this.sent = this.asked;
    this.waiting = true;
    this.sentAt = performance.now();
    clearTimeout(this.long);
    this.long = setTimeout(() => (this.solving.textContent = "Solving …"), LONG_MS);
    this.setState("sent", { tab: this.tab, serial: this.asked, compare, standing: this.standing.id, values: this.values.now });
  }

  #answered() {
    this.waiting = false;
    clearTimeout(this.long);
    this.solving.textContent = "";
  }

  #watch() {
    if (!this.isShown || !this.waiting || performance.now() - this.sentAt < LOST_MS) return;
    this.#send(false);
  }

  /** What no slider changes: sent once, and again when the record is read anew. */
  #stand(standing) {
    const controls = JSON.stringify(standing.controls);
    this.standing = standing;
    this.by.textContent = standing.by;
    if (controls === this.specs) return;
    this.specs = controls;
    this.controls = new Controls(standing.controls, (name, value) => this.move(name, value), () => this.values.settle());
    this.controls.set(this.values.now);
    this.controlled.replaceChildren(...this.controls.nodes);
  }

  #draw(data, serial) {
    this.data = data;
    this.drawn = serial;
    this.#warn();
    this.node.classList.toggle("is-stale", Boolean(data.error)); // what is still drawn is of the values before
    if (!data.error) {
      this.picture.update({ ...this.standing, ...data });
      this.summary.textContent = data.summary;
      this.days.replaceChildren(dayTable(data));
      this.messages.replaceChildren(messages(data));
      this.controls.offer(data.days);
    }
    if (data.comparison) {
      this.comparison.update(data.comparison, data.values.policy, data.comparison_words);
      if (this.asked > 0) this.live.textContent = data.error || data.summary;
    }
    this.approve.disabled = Boolean(data.error) || serial < this.asked;
    this.undo.disabled = !this.values.canUndo;
    this.node.dataset.drawn = String(serial);
    this.node.dataset.compared = String(this.compared);
  }

  #undone() {
    if (!this.values.undo()) return;
    this.controls.set(this.values.now);
    this.comparison.mark(this.values.now.policy);
    this.#ask();
  }

  /** The reason is the page's own matter: an answer that comes while it is missing must not wipe the warning. */
  #needsReason(missing) {
    this.reasonMissing = missing;
    this.#warn();
  }

  #warn() {
    const text = this.data.error || (this.reasonMissing ? "Write a reason first: it is kept with the plan." : "");
    if (text === this.alert.textContent) return; // set anew, it would be read out anew
    this.alert.textContent = text;
    show(this.alert, Boolean(text));
  }

  /** What is approved is what is drawn: its own values go with it. */
  #approved() {
    if (this.approve.disabled) return;
    if (!this.reason.value.trim()) {
      this.#needsReason(true);
      this.reason.focus();
      return;
    }
    this.approve.disabled = true;
    this.trigger("approve", { values: this.data.values, reason: this.reason.value.trim() });
    this.reason.value = "";
  }
}

const pages = new WeakMap();

export default function ({ parentElement, data, setStateValue, setTriggerValue }) {
  let page = pages.get(parentElement);
  if (!page) {
    page = new Page(parentElement, data);
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
