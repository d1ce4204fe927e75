// The picture: days that were, with what was walked against the goal, and the days planned, in one scale.

const SVG = "http://www.w3.org/2000/svg";
const MARGIN = { left: 52, right: 10, top: 26, bottom: 40 };
const NARROW = 620; // pixels; below, fewer past days are shown
const PAST = { wide: 28, narrow: 14 };
const SCALE_STEP = 2000; // the scale keeps still while a slider moves, but for whole steps of this

/** An SVG element; text goes in as text nodes. */
function draw(tag, attributes = {}, ...children) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

const WHOLE = new Intl.NumberFormat("en-GB", { maximumFractionDigits: 0 });

function number(value) {
  return value === null || value === undefined ? "–" : WHOLE.format(value);
}

/** Patterns, so that no bar is told by its colour alone. */
function patterns() {
  const stripes = draw("pattern", { id: "missed", width: 7, height: 7, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" },
    draw("rect", { width: 7, height: 7, class: "missed-ground" }), draw("rect", { width: 2.4, height: 7, class: "missed-line" }));
  const dots = draw("pattern", { id: "without", width: 6, height: 6, patternUnits: "userSpaceOnUse" },
    draw("rect", { width: 6, height: 6, class: "without-ground" }), draw("circle", { cx: 3, cy: 3, r: 1, class: "without-dot" }));
  return draw("defs", {}, stripes, dots);
}

class Picture {
  constructor() {
    this.plot = el("div", { class: "plot" });
    this.node = el("div", { class: "picture" }, legend(), this.plot);
    this.width = 0;
    new ResizeObserver(([entry]) => {
      const width = Math.round(entry.contentRect.width);
      if (width === this.width) return;
      this.width = width;
      if (this.data) this.update(this.data);
    }).observe(this.plot);
  }

  /** Draw ``past`` (day, label, steps, goal) and ``days`` (goal, expected, low, high, chance, before). */
  update(data) {
    this.data = data;
    const width = this.width || this.plot.clientWidth || 800;
    const height = width < NARROW ? 280 : 350;
    const past = data.past.slice(-(width < NARROW ? PAST.narrow : PAST.wide));
    const highest = Math.max(
      4000,
      ...past.flatMap((day) => [day.steps ?? 0, day.goal ?? 0]),
      ...data.days.flatMap((day) => [day.goal, day.high ?? 0, day.before ?? 0]),
    );
    const top = Math.ceil((highest * 1.04) / SCALE_STEP) * SCALE_STEP;
    const count = past.length + data.days.length;
    const room = (width - MARGIN.left - MARGIN.right) / Math.max(count, 1);
    const place = {
      x: (index) => MARGIN.left + index * room,
      y: (steps) => height - MARGIN.bottom - (Math.min(steps, top) / top) * (height - MARGIN.top - MARGIN.bottom),
      room,
      bar: Math.max(3, room * 0.7),
      floor: height - MARGIN.bottom,
    };
    const svg = draw("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": data.alt }, patterns());
    svg.append(...this.#axis(top, width, place));
    const turn = place.x(past.length);
    svg.append(
      draw("rect", { x: turn, y: MARGIN.top, width: width - MARGIN.right - turn, height: place.floor - MARGIN.top, class: "ahead" }),
      draw("line", { x1: turn, x2: turn, y1: MARGIN.top - 12, y2: place.floor, class: "today" }),
      draw("text", { x: turn + 5, y: MARGIN.top - 9, class: "word" }, data.turn),
    );
    past.forEach((day, index) => svg.append(pastDay(day, index, place)));
    data.days.forEach((day, index) => svg.append(plannedDay(day, past.length + index, place)));
    svg.append(...this.#labels([...past, ...data.days], place));
    this.plot.replaceChildren(svg);
  }

  #axis(top, width, { y }) {
    const step = top > 16000 ? 4000 : 2000;
    const lines = [];
    for (let steps = 0; steps <= top; steps += step) {
      lines.push(draw("line", { x1: MARGIN.left, x2: width - MARGIN.right, y1: y(steps), y2: y(steps), class: steps ? "grid" : "floor" }));
      lines.push(draw("text", { x: MARGIN.left - 7, y: y(steps) + 4, class: "tick end" }, number(steps)));
    }
    return lines;
  }

  /** Weekday letters under every day where they fit, dates under every Monday. */
  #labels(days, { x, room, floor }) {
    return days.flatMap((day, index) => {
      const middle = x(index) + room / 2;
      const labels = [];
      if (room >= 13) labels.push(draw("text", { x: middle, y: floor + 15, class: day.today ? "word middle" : "tick middle" }, day.weekday.slice(0, 1)));
      if (day.today) labels.push(draw("text", { x: middle, y: floor + 32, class: "word middle" }, "today"));
      if (day.weekday === "Mon" || index === 0) {
        const reach = Math.ceil(52 / room);
        const crowded = days.slice(Math.max(0, index - reach), index + reach).some((other) => other.today)
          || (index === 0 && days.slice(1, reach).some((other) => other.weekday === "Mon"));
        if (!crowded) labels.push(draw("text", { x: x(index) + 2, y: floor + 32, class: "tick" }, day.label.replace(/^\w+ /, "")));
      }
      return labels;
    });
  }
}

function pastDay(day, index, { x, y, room, bar, floor }) {
  const left = x(index) + (room - bar) / 2;
  const worn = day.steps !== null;
  const met = worn && day.goal !== null ? day.steps >= day.goal : null;
  const told = !worn ? (day.today ? "no count yet" : "no count: not worn") : met === null ? "no goal" : met ? "goal met" : "goal missed";
  const group = draw("g", { class: "day" }, draw("title", {}, `${day.label}: ${worn ? `${number(day.steps)} steps, ` : ""}${told}${day.goal === null ? "" : `, goal ${number(day.goal)}`}`));
  if (worn) {
    group.append(draw("rect", { x: left, y: y(day.steps), width: bar, height: Math.max(1, floor - y(day.steps)), class: met === null ? "without" : met ? "met" : "missed" }));
  } else if (!day.today) {
    group.append(draw("line", { x1: left, x2: left + bar, y1: floor - 5, y2: floor - 5, class: "unworn" }));
  }
  if (day.goal !== null) group.append(draw("line", { x1: left - 2, x2: left + bar + 2, y1: y(day.goal), y2: y(day.goal), class: "goal" }));
  return group;
}

function plannedDay(day, index, { x, y, room, bar, floor }) {
  const left = x(index) + (room - bar) / 2;
  const middle = x(index) + room / 2;
  const chance = day.chance === null ? "" : `, within reach with ${percent(day.chance)}, the count gets there with ${percent(day.counted)}`;
  const group = draw("g", { class: "day" }, draw("title", {}, `${day.label}: goal ${number(day.goal)}${chance}, expected ${number(day.expected)} steps`));
  group.append(draw("rect", { x: left, y: y(day.expected), width: bar, height: Math.max(1, floor - y(day.expected)), class: "expected" }));
  if (day.low !== null && day.high !== null) {
    group.append(draw("path", { d: `M${middle - 3} ${y(day.high)}h6M${middle} ${y(day.high)}V${y(day.low)}M${middle - 3} ${y(day.low)}h6`, class: "interval" }));
  }
  if (day.before !== null && day.before !== day.goal) {
    group.append(draw("line", { x1: left - 2, x2: left + bar + 2, y1: y(day.before), y2: y(day.before), class: "before" }));
  }
  group.append(draw("line", { x1: left - 2, x2: left + bar + 2, y1: y(day.goal), y2: y(day.goal), class: "goal" }));
  return group;
}

const LEGEND = [
  ["met", "goal met"],
  ["missed", "goal missed"],
  ["without", "no goal"],
  ["unworn", "not worn"],
  ["goal", "goal"],
  ["expected", "expected steps"],
  ["interval", "its 90 % interval"],
  ["before", "goal in force now"],
];

function legend() {
  const items = LEGEND.map(([name, words]) => {
    const svg = draw("svg", { width: 18, height: 14, "aria-hidden": "true" });
    if (name === "goal" || name === "before") svg.append(draw("line", { x1: 1, x2: 17, y1: 7, y2: 7, class: name }));
    else if (name === "unworn") svg.append(draw("line", { x1: 3, x2: 15, y1: 10, y2: 10, class: name }));
    else if (name === "interval") svg.append(draw("path", { d: "M6 1h6M9 1V13M6 13h6", class: name }));
    else svg.append(draw("rect", { x: 3, y: 1, width: 12, height: 12, class: name }));
    return el("li", {}, svg, words);
  });
  return el("ul", { class: "legend small" }, ...items);
}
