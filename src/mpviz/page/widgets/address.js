// Sends the query of the page's address, and brings a part of the page into view. JupyterLab drops
// the query while it opens the notebook; what the page was loaded with still has it.

function query() {
  if (location.search) return location.search;
  const loaded = performance.getEntriesByType("navigation")[0]?.name;
  return loaded ? new URL(loaded).search : "";
}

const nextPaint = () => new Promise((then) => requestAnimationFrame(() => setTimeout(then)));

// A part that is to appear comes bit by bit, since each of its widgets gets a message of its own.
async function settled(part) {
  const until = performance.now() + 2000;
  let [height, since] = [0, 0];
  while (since < 3 && performance.now() < until) {
    await nextPaint();
    since = part.offsetHeight && part.offsetHeight === height ? since + 1 : 0;
    height = part.offsetHeight;
  }
}

// What had the focus may just have been hidden; then the first button of the part gets it.
async function scrollTo(el, selector) {
  const part = el.closest(".mpviz")?.querySelector(selector);
  if (!part) return;
  await settled(part);
  if (!part.contains(document.activeElement)) {
    const main = part.querySelector("button.mod-primary:enabled");
    (main ?? part.querySelector("button:enabled"))?.focus({ preventScroll: true });
  }
  const { top, bottom } = part.getBoundingClientRect();
  if (top < 0 || bottom > innerHeight) part.scrollIntoView({ block: "start" });
}

function render({ model, el, signal }) {
  el.classList.add("mpviz-invisible");
  const receive = (message) => {
    if (message.type === "scroll") scrollTo(el, message.selector);
  };
  model.on("msg:custom", receive);
  signal.addEventListener("abort", () => model.off("msg:custom", receive));
  model.send({ type: "query", query: query().slice(0, 5000) });
}

export default { render };
