// A table of text with a radio button in each row.

let count = 0;

function make(name, text = "", attributes = {}) {
  const node = document.createElement(name);
  node.textContent = text;
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  return node;
}

function render({ model, el }) {
  el.classList.add("mpviz-runs");
  const group = `mpviz-runs-${Date.now()}-${count++}`;
  const box = make("div", "", { class: "mpviz-scroll", role: "region", tabindex: "0" });
  const empty = make("p", "", { class: "mpviz-hint" });
  el.append(box, empty);

  const align = (column) => ({ class: column.align === "right" ? "mpviz-right" : "mpviz-left" });

  const row = (values, index, columns) => {
    const line = make("tr");
    const choice = make("input", "", { type: "radio", name: group });
    choice.setAttribute("aria-label", `Show ${columns.map((c) => values[c.key]).join(", ")}`);
    choice.addEventListener("change", () => model.send({ type: "select", row: index }));
    const cell = make("td");
    cell.append(choice);
    line.append(cell, ...columns.map((c) => make("td", values[c.key] ?? "", align(c))));
    line.addEventListener("click", (event) => {
      if (event.target === choice) return;
      choice.click();
      choice.focus();
    });
    return line;
  };

  const mark = () => {
    [...box.querySelectorAll("tbody tr")].forEach((line, index) => {
      const chosen = index === model.get("selected");
      line.classList.toggle("mpviz-chosen", chosen);
      line.querySelector("input").checked = chosen;
    });
  };

  const draw = () => {
    const [columns, rows] = [model.get("columns"), model.get("rows")];
    const radios = [...box.querySelectorAll("input")];
    const focused = radios.indexOf(document.activeElement);
    const head = make("tr");
    const first = make("th", "", { scope: "col" });
    first.append(make("span", "Shown", { class: "mpviz-sr" }));
    head.append(first, ...columns.map((c) => make("th", c.label, { scope: "col", ...align(c) })));
    const [table, thead, tbody] = [make("table"), make("thead"), make("tbody")];
    thead.append(head);
    tbody.append(...rows.map((values, index) => row(values, index, columns)));
    table.append(thead, tbody);
    box.replaceChildren(table);
    box.setAttribute("aria-label", model.get("label"));
    box.hidden = rows.length === 0;
    empty.textContent = model.get("empty");
    empty.hidden = rows.length > 0;
    mark();
    if (focused >= 0) box.querySelectorAll("input")[focused]?.focus();
  };

  model.on("change:rows change:columns change:label change:empty", draw);
  model.on("change:selected", mark);
  draw();
}

export default { render };
