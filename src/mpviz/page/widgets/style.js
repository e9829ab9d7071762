// Cannot be seen. The style sheet comes along with it; what is left to do: keep JupyterLab's keys out
// and give the names that ipywidgets does not give.

// In a notebook's command mode single keys are commands: arrows would leave a radio button, and
// "d d" on a button would delete the cell. Escape, Tab and keys with Ctrl stay JupyterLab's.
function keep(event) {
  const held = event.ctrlKey || event.metaKey || event.altKey;
  if (!held && event.key !== "Escape" && event.key !== "Tab") event.stopPropagation();
}

// ipywidgets labels neither sliders nor toggle buttons, nor does it say which button is pressed.
function name(root) {
  const label = (node) => node.closest(".lm-Widget").querySelector(".widget-label")?.textContent;
  const put = (node, key, value) => {
    if (node.getAttribute(key) !== value) node.setAttribute(key, value);
  };
  for (const node of root.querySelectorAll(".widget-slider :is(.noUi-handle, .widget-readout)")) {
    put(node, "aria-label", label(node));
    if (!node.hasAttribute("role")) put(node, "role", "spinbutton");
  }
  for (const node of root.querySelectorAll(".widget-toggle-buttons > div")) {
    put(node, "role", "group");
    put(node, "aria-label", label(node));
  }
  for (const node of root.querySelectorAll(".widget-toggle-button")) {
    put(node, "aria-pressed", String(node.classList.contains("mod-active")));
  }
}

function render({ el, signal }) {
  el.classList.add("mpviz-invisible");
  const attach = () => {
    if (signal.aborted) return;
    if (!el.isConnected) { setTimeout(attach, 100); return; }
    const root = el.closest(".mpviz");
    if (!root) return;
    root.addEventListener("keydown", keep, { signal });
    name(root);
    const observer = new MutationObserver(() => name(root));
    observer.observe(root, { childList: true, subtree: true, attributeFilter: ["class"] });
    signal.addEventListener("abort", () => observer.disconnect());
  };
  attach();
}

export default { render };
