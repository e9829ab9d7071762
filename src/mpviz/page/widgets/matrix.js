// A matrix of short words: each cell and each head is a button. Arrow keys go from one to the next,
// so that Tab passes the matrix in one step. Knows no run and no fault.

function make(name, className = "", attributes = {}) {
  const node = document.createElement(name);
  node.className = className;
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  return node;
}

// A long name may break after its dots and underscores.
function breakable(text) {
  const parts = text.split(/(?<=[._])/);
  return parts.flatMap((part, index) => (index ? [document.createElement("wbr"), part] : [part]));
}

const KEYS = {
  ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0],
  Home: [0, -Infinity], End: [0, Infinity],
};

function render({ model, el, signal }) {
  el.classList.add("mpviz-matrix");
  const box = make("div", "mpviz-scroll");
  el.append(box);
  let grid = []; // grid[row][column], row 0 and column 0 are heads; the corner is empty

  const button = (row, column) => {
    const node = make("button", "", { type: "button", tabindex: "-1" });
    node.addEventListener("click", () => {
      // A row's head names no column, a column's head no row.
      model.send({ type: "press", mechanism: row?.name ?? "", fault: column?.name ?? "" });
    });
    node.addEventListener("focus", () => enter(node));
    return node;
  };

  const enter = (node) => {
    for (const other of box.querySelectorAll("button[tabindex='0']")) other.tabIndex = -1;
    node.tabIndex = 0;
  };

  const build = () => {
    const [rows, columns] = [model.get("rows"), model.get("columns")];
    const table = make("table", "", { role: "grid", "aria-label": model.get("label") });
    const [thead, tbody, top] = [make("thead"), make("tbody"), make("tr")];
    top.append(make("td")); // the corner
    const heads = columns.map((column) => {
      const head = make("th", "mpviz-column", { scope: "col" });
      const node = button(null, column);
      const text = make("span");
      text.textContent = column.label;
      node.append(text);
      node.title = column.title;
      head.append(node);
      top.append(head);
      return node;
    });
    thead.append(top);
    grid = [[null, ...heads]];
    for (const row of rows) {
      const line = make("tr");
      const head = make("th", "mpviz-row", { scope: "row" });
      const name = button(row, null);
      name.append(...breakable(row.label));
      name.title = row.title;
      head.append(name);
      const cells = columns.map((column) => {
        const cell = make("td");
        const node = button(row, column);
        cell.append(node);
        return [cell, node];
      });
      line.append(head, ...cells.map(([cell]) => cell));
      tbody.append(line);
      grid.push([name, ...cells.map(([, node]) => node)]);
    }
    table.append(thead, tbody);
    box.replaceChildren(table);
    (grid[1]?.[1] ?? heads[0])?.setAttribute("tabindex", "0");
    update();
  };

  const update = () => {
    const [rows, columns] = [model.get("rows"), model.get("columns")];
    const [cells, open, busy] = [model.get("cells"), model.get("opened"), model.get("busy")];
    const empty = model.get("empty");
    const set = (node, className, text, description, off) => {
      if (node.className !== className) node.className = className;
      if (text !== null && node.textContent !== text) node.textContent = text;
      if (node.title !== description && text !== null) node.title = description;
      if (node.getAttribute("aria-label") !== description) {
        node.setAttribute("aria-label", description);
      }
      if (off) node.setAttribute("aria-disabled", "true");
      else node.removeAttribute("aria-disabled");
    };
    columns.forEach((column, at) => set(grid[0][at + 1], "", null, column.description, busy));
    rows.forEach((row, down) => {
      set(grid[down + 1][0], "", null, row.description, busy);
      columns.forEach((column, at) => {
        const cell = cells[row.name]?.[column.name] ?? empty;
        const node = grid[down + 1][at + 1];
        const opened = open[0] === row.name && open[1] === column.name;
        const name = `mpviz-seen mpviz-seen-${cell.kind}${opened ? " mpviz-open" : ""}`;
        set(node, name, cell.text, `${row.label}, ${column.label}: ${cell.description}`,
          busy && !cell.opens);
        if (opened) node.setAttribute("aria-current", "true");
        else node.removeAttribute("aria-current");
      });
    });
  };

  box.addEventListener("keydown", (event) => {
    const step = KEYS[event.key];
    const row = grid.findIndex((line) => line.includes(document.activeElement));
    if (!step || row < 0) return;
    event.preventDefault();
    const clamp = (value, most) => Math.max(0, Math.min(most, value));
    const column = grid[row].indexOf(document.activeElement);
    const next = grid[clamp(row + step[0], grid.length - 1)];
    (next[clamp(column + step[1], next.length - 1)] ?? document.activeElement).focus();
  });

  // When an opened cell is closed again, the focus goes back to it.
  const receive = (message) => {
    if (message.type !== "focus" || !el.offsetParent) return;
    const row = model.get("rows").findIndex((one) => one.name === message.mechanism);
    const column = model.get("columns").findIndex((one) => one.name === message.fault);
    const node = grid[row + 1]?.[column + 1];
    node?.focus({ preventScroll: true });
    node?.scrollIntoView({ block: "nearest", inline: "nearest" });
  };

  model.on("change:rows change:columns change:label", build);
  model.on("change:cells change:opened change:busy change:empty", update);
  model.on("msg:custom", receive);
  signal.addEventListener("abort", () => {
    model.off("change:rows change:columns change:label", build);
    model.off("change:cells change:opened change:busy change:empty", update);
    model.off("msg:custom", receive);
  });
  build();
}

export default { render };
