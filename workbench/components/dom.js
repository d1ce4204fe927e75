// Building blocks of the view. All text goes in as text nodes, never as markup.

/** A new element: attributes by name, listeners as `onclick`, children as nodes or text. */
function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return node;
}

const ICONS = {
  done: "M4.5 10.5l3.5 3.5 7.5-8",
  failed: "M5.5 5.5l9 9m0-9l-9 9",
  unknown: "M6 10h8",
  warning: "M10 3.2l7.3 13H2.7L10 3.2zM10 8v4m0 2.1v.3",
  info: "M10 2.8a7.2 7.2 0 100 14.4 7.2 7.2 0 000-14.4zM10 9v4.5m0-7.2v.3",
  masked: "M10 2.8a7.2 7.2 0 100 14.4 7.2 7.2 0 000-14.4zM5 5l10 10",
  search: "M9 3.5a5.5 5.5 0 100 11 5.5 5.5 0 000-11zm4 9.5l3.8 3.8",
};

/** A line drawing of 20 by 20 units; the words beside it say the same. */
function icon(name) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("viewBox", "0 0 20 20");
  svg.setAttribute("class", `icon icon-${name}`);
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(space, "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

/** The cap of a key, shown on what the key does. */
function cap(text) {
  return el("kbd", { class: "cap", "aria-hidden": "true" }, text);
}

/** A probability for people. */
function percent(p) {
  if (p === null || p === undefined) return "–";
  if (p > 0 && p < 0.001) return "< 0.1 %";
  return `${(100 * p).toFixed(p < 0.1 ? 1 : 0)} %`;
}

/** Show or hide an element, also from assistive technology. */
function show(node, visible) {
  node.hidden = !visible;
}
