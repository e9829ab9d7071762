// A button that stays pressed. Escape releases it, wherever on the page the focus is.

function render({ model, el, signal }) {
  el.classList.add("mpviz-copy");
  const button = document.createElement("button");
  button.type = "button";
  button.className = "mpviz-button";
  el.append(button);
  const press = (pressed) => model.send({ type: "press", pressed });
  const update = () => {
    const pressed = model.get("pressed");
    button.setAttribute("aria-pressed", String(pressed));
    button.textContent = pressed ? "Leave the projector view" : "Projector view";
    button.title = pressed ? "Or press Escape" : "Larger type, one chart at a time";
  };
  button.addEventListener("click", () => press(!model.get("pressed")));
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && model.get("pressed")) press(false);
  }, { capture: true, signal });
  model.on("change:pressed", update);
  update();
}

export default { render };
