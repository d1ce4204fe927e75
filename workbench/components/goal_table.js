// A table of text with a box in each row; ticking says at once who is chosen.

export default function ({ parentElement, data, setStateValue, setTriggerValue }) {
  const frame = parentElement.querySelector(".frame");
  frame.tell = setStateValue;
  frame.open = setTriggerValue;
  const drawn = JSON.stringify({ ...data, chosen: null });
  if (frame.drawn === drawn) return;
  const first = frame.drawn === undefined;
  frame.drawn = drawn;
  if (first) frame.chosen = new Set(data.chosen);

  const all = el("input", { type: "checkbox", "aria-label": "Choose all clients shown" });
  const boxes = new Map();
  const mark = () => {
    const ticked = data.rows.filter((row) => frame.chosen.has(row.client)).length;
    all.checked = ticked > 0 && ticked === data.rows.length;
    all.indeterminate = ticked > 0 && ticked < data.rows.length;
  };
  const tell = () => {
    mark();
    frame.tell("chosen", [...frame.chosen]);
  };
  all.addEventListener("change", () => {
    for (const row of data.rows) {
      boxes.get(row.client).checked = all.checked;
      if (all.checked) frame.chosen.add(row.client);
      else frame.chosen.delete(row.client);
    }
    tell();
  });
  const rows = data.rows.map((row) => {
    const box = el("input", { type: "checkbox", "aria-label": `Choose ${row.name}` });
    box.checked = frame.chosen.has(row.client);
    box.addEventListener("change", () => {
      if (box.checked) frame.chosen.add(row.client);
      else frame.chosen.delete(row.client);
      tell();
    });
    boxes.set(row.client, box);
    const link = el("a", { href: `step_goals?client=${row.client}` }, row.name);
    link.addEventListener("click", (event) => {
      // A new tab or window is the browser's business.
      if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
      event.preventDefault();
      // The client's page is this page with another address: it would open as far down as the row stands.
      document.querySelector("[data-testid=stMain]")?.scrollTo(0, 0);
      frame.open("open", row.client);
    });
    return el("tr", {},
      el("td", { class: "box" }, box),
      el("th", { scope: "row" }, link, row.note ? el("span", { class: "note" }, row.note) : ""),
      ...row.cells.map((text, index) => el("td", { "data-heading": data.headings[index] }, text)));
  });
  const head = el("tr", {}, el("td", { class: "box" }, all), el("th", { scope: "col" }, "Client"),
    ...data.headings.map((heading) => el("th", { scope: "col" }, heading)));
  frame.replaceChildren(el("table", {}, el("caption", {}, data.caption), el("thead", {}, head), el("tbody", {}, ...rows)));
  mark();
}
