// A button whose file the kernel makes; saved from a Blob (a data: link took 10 s for 38 MB).

function save(name, bytes) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([bytes]));
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

function render({ model, el }) {
  el.classList.add("mpviz-download");
  const button = document.createElement("button");
  button.type = "button";
  button.className = "mpviz-button";
  el.append(button);

  let asked = null;
  const update = () => {
    button.textContent = model.get("label");
    button.disabled = model.get("disabled");
    button.setAttribute("aria-busy", String(asked !== null));
  };
  button.addEventListener("click", () => {
    if (asked !== null) return;
    asked = Math.random().toString(36).slice(2);
    model.send({ type: "make", ask: asked });
    update();
  });
  // Every open page gets the answer; only the one that asked saves it.
  model.on("msg:custom", (message, buffers) => {
    if (message.ask === undefined || message.ask !== asked) return;
    asked = null;
    if (message.type === "file") save(message.name, buffers[0]);
    update();
  });
  model.on("change:label change:disabled", update);
  update();
}

export default { render };
