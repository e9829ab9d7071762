// Takes no room. The style sheet comes along with it; what is left to do is JupyterLab's keys.

// In a notebook's command mode single keys are commands: arrows would leave a radio button, and
// "d d" on a button delete the cell. Escape, Tab and what is held with Ctrl stay JupyterLab's.
function keep(event) {
  const theirs = event.ctrlKey || event.metaKey || event.altKey;
  if (!theirs && event.key !== "Escape" && event.key !== "Tab") event.stopPropagation();
}

function render({ el, signal }) {
  el.style.display = "none";
  const attach = () => {
    if (signal.aborted) return;
    if (!el.isConnected) { setTimeout(attach, 100); return; }
    el.closest(".mpviz")?.addEventListener("keydown", keep, { signal });
  };
  attach();
}

export default { render };
