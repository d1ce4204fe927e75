// From a key press to what it means here. Nothing is taken from a text field, from auto-repeat or from a combination.

const LETTERS = { n: "none suitable", s: "skip", f: "flag", u: "undo", "/": "search" };
const TYPED = new Set(["text", "search", "email", "number", "password", "tel", "url", "date", "time"]);

function takesText(node) {
  if (!(node instanceof Element)) return false;
  if (node instanceof HTMLInputElement) return TYPED.has(node.type);
  return node.isContentEditable || ["TEXTAREA", "SELECT"].includes(node.tagName);
}

/** The digit of a key of the main row (whatever the layout puts there unshifted) or of the number pad, else 0. */
function digitOf(event) {
  if (/^[1-9]$/.test(event.key)) return Number(event.key);
  const place = /^Digit([1-9])$/.exec(event.code);
  return place && !event.shiftKey && !(event.key.toLowerCase() in LETTERS) ? Number(place[1]) : 0;
}

/** `{digit}`, `{command}` or null for a key press that is none of ours. */
function meaning(event) {
  if (event.defaultPrevented || event.repeat || event.isComposing) return null;
  if (event.ctrlKey || event.metaKey || event.altKey) return null;
  if (takesText(event.composedPath()[0])) return null;
  if (event.key === "Escape") return { command: "escape" };
  const command = LETTERS[event.key.toLowerCase()];
  if (command) return { command };
  const digit = digitOf(event);
  return digit ? { digit } : null;
}
