// Rows are made with textContent only: a name that looks like markup stays a name.

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 96;
const HEIGHT = 26;

function make(tag, properties = {}, children = []) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

function sparkline(row, top) {
  const svg = document.createElementNS(SVG, "svg");
  const label = `Margin over ${row.trend.length} exercises, now ${row.trend.at(-1).toFixed(2)}: ${row.direction}`;
  for (const [name, value] of Object.entries({ width: WIDTH, height: HEIGHT, role: "img", "aria-label": label }))
    svg.setAttribute(name, value);
  const x = (index) => 3 + (index * (WIDTH - 6)) / (row.trend.length - 1);
  const y = (value) => HEIGHT - 3 - (value / top) * (HEIGHT - 6);
  const part = (tag, attributes) => {
    const element = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    svg.append(element);
  };
  const last = row.trend.length - 1;
  part("line", { x1: 0, x2: WIDTH, y1: HEIGHT - 1, y2: HEIGHT - 1 });
  part("polyline", { points: row.trend.map((value, index) => `${x(index)},${y(value)}`).join(" ") });
  part("circle", { cx: x(last), cy: y(row.trend[last]), r: 2.6 });
  const title = document.createElementNS(SVG, "title");
  title.textContent = label;
  svg.prepend(title);
  return svg;
}

function goals(row) {
  const cell = make("td", { className: "goals" }, [make("span", { textContent: row.goals })]);
  if (row.goal_share === null) return cell;
  const fill = make("i");
  fill.style.width = `${Math.round(100 * row.goal_share)}%`;
  const bar = make("span", { className: "bar" }, [fill]);
  bar.setAttribute("aria-hidden", "true");
  cell.append(bar);
  return cell;
}

function line(row, top, open) {
  const name = make("a", { className: "name", href: `client?client=${row.client}`, textContent: row.name });
  const answer = row.request
    ? make("a", {
        className: "answer",
        href: `label_requests?request=${row.request}`,
        textContent: "Answer",
        ariaLabel: `Answer the request about ${row.name}`,
      })
    : row.screening
      ? make("a", {
          className: "answer screening",
          href: `client?client=${row.client}&section=Profile+and+screening`,
          textContent: "Screening",
          ariaLabel: `Open the screening of ${row.name}`,
        })
      : make("span", { className: "absent", textContent: "–", ariaHidden: "true" });
  const cells = [
    make("td", { className: "client" }, [name, make("span", { className: "small", textContent: row.last })]),
    make("td", { className: "certainty" }, [
      make("span", { className: `word ${row.tone}`, textContent: row.word }),
      make("span", { className: "small", textContent: row.numbers }),
    ]),
    make("td", { className: "trend" }, row.trend.length ? [sparkline(row, top)] : []),
    goals(row),
    make("td", { className: "reason", textContent: row.reason }),
    make("td", { className: "request" }, [answer]),
  ];
  const element = make("tr", {}, cells);
  // Display rules for narrow screens would take the roles away.
  element.setAttribute("role", "row");
  for (const cell of cells) cell.setAttribute("role", "cell");
  element.onclick = (event) => {
    // A new tab or window is the browser's business; the link's address opens the same view there.
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    if (getSelection()?.toString()) return;
    event.preventDefault();
    const request = event.target.closest("a.answer:not(.screening)") ? row.request : null;
    const screening = event.target.closest("a.screening") !== null;
    open({ client: row.client, request, screening });
  };
  return element;
}

function heading(column, sort) {
  const cell = make("th", { scope: "col" });
  cell.setAttribute("role", "columnheader");
  if (!column.sort) {
    cell.textContent = column.title;
    return cell;
  }
  cell.setAttribute("aria-sort", column.sorted);
  const button = make("button", { type: "button", textContent: column.title, title: `Sort by ${column.sort}` });
  button.onclick = () => sort(column.sort);
  cell.append(button);
  return cell;
}

export default function ({ parentElement, data, setTriggerValue }) {
  const frame = parentElement.querySelector(".frame");
  frame.send = setTriggerValue;
  const drawn = JSON.stringify(data);
  if (frame.drawn === drawn) return;
  frame.drawn = drawn;
  const focused = parentElement.activeElement?.textContent;
  const head = make("tr", {}, data.columns.map((column) => heading(column, (order) => frame.send("sort", order))));
  head.setAttribute("role", "row");
  const rows = data.rows.map((row) => line(row, data.top, (what) => frame.send("open", what)));
  const parts = [make("thead", {}, [head]), make("tbody", {}, rows)];
  for (const part of parts) part.setAttribute("role", "rowgroup");
  const table = make("table", {}, [make("caption", { textContent: data.caption }), ...parts]);
  table.setAttribute("role", "table");
  frame.replaceChildren(table);
  // The keyboard stays on the heading that was pressed.
  [...table.querySelectorAll("button")].find((button) => button.textContent === focused)?.focus();
}
