// Answers when the page has painted what came before: after two frames without work left over.

const frame = () => new Promise((then) => requestAnimationFrame(() => setTimeout(then)));
const idle = () => new Promise((then) => {
  if (window.requestIdleCallback) requestIdleCallback(then, { timeout: 500 });
  else setTimeout(then, 50);
});

async function painted() {
  if (document.hidden) return; // nothing is painted, and no frame would come
  await frame();
  await frame();
  await idle();
}

function render({ model, el, signal }) {
  el.classList.add("mpviz-invisible");
  const receive = async (message) => {
    if (message.type !== "ask") return;
    await painted();
    if (!signal.aborted) model.send({ type: "painted", number: message.number });
  };
  model.on("msg:custom", receive);
  signal.addEventListener("abort", () => model.off("msg:custom", receive));
  model.send({ type: "here" });
}

export default { render };
