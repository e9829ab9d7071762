// The page's tabs. The root's data-tab tells the style sheet which panel to show. It is set here, at
// once, since the kernel, which keeps it for other views, may be busy.

let count = 0;

function render({ model, el, signal }) {
  el.classList.add("mpviz-tabs");
  const own = `mpviz-tabs-${count++}`;
  const list = document.createElement("div");
  list.setAttribute("role", "tablist");
  list.setAttribute("aria-label", "Parts of the page");
  const choose = (name) => {
    model.send({ type: "choose", tab: name });
    mark(name);
  };
  const tabs = model.get("names").map(([name, label]) => {
    const tab = document.createElement("button");
    tab.type = "button";
    tab.id = `${own}-${name}`;
    tab.dataset.name = name;
    tab.textContent = label;
    tab.setAttribute("role", "tab");
    tab.addEventListener("click", () => choose(name));
    return tab;
  });
  list.append(...tabs);
  el.append(list);

  list.addEventListener("keydown", (event) => {
    const here = tabs.indexOf(document.activeElement);
    const last = tabs.length - 1;
    const there = {
      ArrowRight: here === last ? 0 : here + 1,
      ArrowLeft: here === 0 ? last : here - 1,
      Home: 0,
      End: last,
    }[event.key];
    if (here < 0 || there === undefined) return;
    event.preventDefault();
    tabs[there].focus();
    choose(tabs[there].dataset.name);
  });

  let root = null;
  const mark = (name) => {
    for (const tab of tabs) {
      tab.setAttribute("aria-selected", String(tab.dataset.name === name));
      tab.tabIndex = tab.dataset.name === name ? 0 : -1;
    }
    if (root) root.dataset.tab = name;
  };
  const update = () => mark(model.get("chosen"));
  model.on("change:chosen", update);
  signal.addEventListener("abort", () => model.off("change:chosen", update));
  update();

  // ipywidgets sets no roles; the panels may appear later than the tabs.
  const attach = () => {
    if (signal.aborted) return;
    root = el.isConnected ? el.closest(".mpviz") : null;
    const panels = tabs.map((tab) => root?.querySelector(`.mpviz-panel-${tab.dataset.name}`));
    if (!panels.every(Boolean)) { setTimeout(attach, 100); return; }
    panels.forEach((panel, index) => {
      panel.id ||= `${tabs[index].id}-panel`;
      panel.setAttribute("role", "tabpanel");
      panel.setAttribute("aria-labelledby", tabs[index].id);
      tabs[index].setAttribute("aria-controls", panel.id);
    });
    update();
  };
  attach();
}

export default { render };
