// What lies on the desk in this browser: the requests, what was answered, and what the server has yet to confirm.

const LOW = 10; // so few requests left: ask for more
const AGAIN_MS = 15000; // with nothing on screen, ask no more often than that
const REMEMBERED = 20; // answers that can be taken back one after another

class Desk {
  constructor(user) {
    this.user = user;
    this.items = []; // items[0] is on screen
    this.trail = []; // operations, the newest first
    this.handled = new Map(); // request -> number of the last batch in which it can only be a leftover
    this.server = null; // the server's session that the batch numbers belong to
    this.batch = null;
    this.refill = 0;
    this.served = 0;
    this.news = 0; // outcomes since more was asked for
    this.askedAt = 0;
    this.serial = -1;
    this.standing = null;
    this.notice = "";
    this.fault = "";
    this.learnt = null;
    this.warnings = [];
    this.shownAt = 0;
    this.refusals = new Map(); // "request exercise" -> why the gate masks it, as the server said when it was chosen
    this.#restore();
  }

  get current() {
    return this.items[0] ?? null;
  }

  /** Operations that the server has not confirmed, in the order they were made. */
  get saving() {
    return this.trail.filter((entry) => entry.state === "saving").reverse();
  }

  /** The newest answer that still stands, or undefined. */
  get last() {
    return this.trail.find(
      (entry) => entry.kind === "answer" && !entry.takenBack && ["saving", "taught", "recorded"].includes(entry.state),
    );
  }

  /** Answer the request on screen; the next one takes its place at once. Returns what was done, or null. */
  answer(verdict, { exercise = null, text = verdict, reason = "", override = "", seen = [] } = {}) {
    const item = this.items.shift();
    if (!item) return null;
    const entry = this.#add({
      kind: "answer",
      request: item.request,
      verdict,
      exercise,
      reason,
      override,
      seen,
      ms: Math.round(performance.now() - this.shownAt),
      item,
      client: item.client,
      text,
      label: null,
    });
    this.handled.set(item.request, Infinity);
    this.#shown();
    return entry;
  }

  /** Take the newest answer back and put its request on screen again. Returns what was done, or null. */
  undo() {
    const answer = this.last;
    if (!answer) return null;
    answer.takenBack = true;
    const entry = this.#add({
      kind: "undo",
      of: answer.key,
      label: answer.label,
      client: answer.client,
      text: answer.text,
    });
    this.handled.delete(answer.request);
    this.items = [answer.item, ...this.items.filter((item) => item.request !== answer.request)];
    this.#shown();
    return entry;
  }

  /** Ask for this person's skipped requests again. */
  bringBack() {
    this.refill += 1;
    return this.#add({ kind: "bring back", text: "Skipped requests", client: "" });
  }

  /** What the server is told: every unconfirmed operation each time, so that none can be lost on the way. */
  message(known) {
    const ops = this.saving.map(({ key, kind, request, verdict, exercise, reason, override, seen, ms, of, label }) =>
      kind === "answer" ? { key, kind, request, verdict, exercise, reason, override, seen, ms }
        : kind === "undo" ? { key, kind, of, label }
          : { key, kind },
    );
    return { ops, refill: this.refill, known, batch: [this.server, this.batch] };
  }

  /** Take in what the server says. Returns the operations that it has settled, the oldest first. */
  receive(data) {
    if (data.server === this.server && data.serial <= this.serial) return [];
    if (data.server !== this.server) this.#newServer(data);
    this.serial = data.serial;
    this.served = data.refill;
    this.standing = data.standing ?? this.standing;
    this.fault = data.fault;
    this.notice = data.notice;
    const settled = this.saving.filter((entry) => entry.key in data.outcomes);
    for (const entry of settled) this.#settle(entry, data.outcomes[entry.key], data.batch);
    if (data.batch !== this.batch && data.items) this.#merge(data);
    if (settled.length) this.#store();
    return settled;
  }

  /** Why the server refused this exercise for this request when it was chosen without a reason; null if it did not. */
  refusal(request, exercise) {
    return this.refusals.get(`${request} ${exercise}`) ?? null;
  }

  /** Asks for more requests where it is time to, and says whether it did. */
  wantsMore() {
    if (!this.standing || this.refill !== this.served || this.items.length > LOW) return false;
    const patient = !this.items.length && performance.now() - this.askedAt > AGAIN_MS;
    if (!this.news && !patient) return false;
    const waiting = Math.min(this.standing.open, this.standing.left) - this.saving.length;
    if (waiting <= this.items.length) return false;
    this.askForMore();
    return true;
  }

  askForMore() {
    this.refill += 1;
    this.news = 0;
    this.askedAt = performance.now();
  }

  #add(fields) {
    const entry = { key: crypto.randomUUID(), state: "saving", message: "", takenBack: false, ...fields };
    this.trail.unshift(entry);
    this.trail = this.trail.filter((old, index) => index < REMEMBERED || old.state === "saving");
    this.#store();
    return entry;
  }

  #settle(entry, outcome, batch) {
    entry.state = outcome.status;
    entry.message = outcome.message;
    this.news += 1;
    if (entry.kind === "answer") {
      entry.label = outcome.label;
      for (const other of this.trail) if (other.of === entry.key) other.label = outcome.label;
      if (this.handled.get(entry.request) === Infinity) this.handled.set(entry.request, batch);
    }
    if (outcome.status === "masked") this.#backOnDesk(entry, outcome.message);
    if (["conflict", "refused", "masked"].includes(outcome.status)) {
      this.warnings = [entry.client ? `${entry.client}: ${outcome.message}` : outcome.message, ...this.warnings].slice(0, 3);
    } else {
      this.learnt = { key: entry.key, text: entry.text, client: entry.client, override: entry.override ?? "", ...outcome };
    }
  }

  /** What the gate masks was not recorded: its request comes back, next after the one that is on screen. */
  #backOnDesk(entry, message) {
    this.refusals.set(`${entry.request} ${entry.exercise}`, message);
    this.handled.delete(entry.request);
    const [onScreen, ...rest] = this.items.filter((item) => item.request !== entry.request);
    if (this.current?.request === entry.request) return;
    this.items = onScreen ? [onScreen, entry.item, ...rest] : [entry.item];
    if (!onScreen) this.#shown();
  }

  #merge(data) {
    this.batch = data.batch;
    const [onScreen] = this.items;
    const fresh = data.items.filter(
      (item) => item.request !== onScreen?.request && !(this.handled.get(item.request) >= data.batch),
    );
    this.items = onScreen ? [onScreen, ...fresh] : fresh;
    if (!onScreen) this.#shown();
  }

  #newServer(data) {
    // Another session of the server counts its batches from the start.
    this.server = data.server;
    this.batch = null;
    this.refill = data.refill;
    for (const [request, batch] of this.handled) if (batch !== Infinity) this.handled.delete(request);
  }

  #shown() {
    this.shownAt = performance.now();
  }

  get #place() {
    return `spotter.requests.${this.user}`;
  }

  #store() {
    try {
      sessionStorage.setItem(this.#place, JSON.stringify(this.trail));
    } catch {
      // A full or forbidden storage costs the safety net, not the work.
    }
  }

  #restore() {
    try {
      this.trail = JSON.parse(sessionStorage.getItem(this.#place) ?? "[]");
    } catch {
      this.trail = [];
    }
    for (const entry of this.trail) {
      if (entry.kind === "answer" && entry.state === "saving" && !entry.takenBack) {
        this.handled.set(entry.request, Infinity);
      }
    }
  }
}
