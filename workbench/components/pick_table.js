// Rows of text with a link to each client; marks stand before their words, so that no colour stands alone.

export default function ({ parentElement, data, setTriggerValue }) {
  const frame = parentElement.querySelector(".frame");
  frame.open = setTriggerValue;
  const drawn = JSON.stringify(data);
  if (frame.drawn === drawn) return;
  frame.drawn = drawn;

  const cell = (part, heading) =>
    el("td", { role: "cell", "data-heading": heading },
      el("span", { class: part.mark ? `word marked ${part.tone}` : "word" },
        part.mark ? el("span", { class: "mark", "aria-hidden": "true" }, part.mark) : null, part.text),
      part.small ? el("span", { class: "small" }, part.small) : null);
  const line = (row) => {
    const link = el("a", { href: `picks?client=${row.client}` }, row.name);
    const open = (event) => {
      // A new tab or window is the browser's business.
      if (event.ctrlKey || event.metaKey || event.shiftKey || event.button || getSelection()?.toString()) return;
      event.preventDefault();
      // The client's page is this page with another address: it would open as far down as the row stands.
      document.querySelector("[data-testid=stMain]")?.scrollTo(0, 0);
      frame.open("open", row.client);
    };
    return el("tr", { role: "row", onclick: open },
      el("th", { scope: "row", role: "rowheader" }, link),
      ...row.cells.map((part, index) => cell(part, data.headings[index + 1])));
  };
  // Display rules for narrow screens would take the roles away, so they are written out.
  const head = el("tr", { role: "row" },
    ...data.headings.map((heading) => el("th", { scope: "col", role: "columnheader" }, heading)));
  frame.replaceChildren(
    el("table", { role: "table" }, el("caption", {}, data.caption),
      el("thead", { role: "rowgroup" }, head),
      el("tbody", { role: "rowgroup" }, ...data.rows.map(line))));
}
