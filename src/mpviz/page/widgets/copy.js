// A button that copies a text that is here already: a round trip would outlive the click.

const SAID_FOR = 1500;

async function copy(text, near) {
  if (navigator.clipboard && window.isSecureContext) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      // refused: the old way may still do
    }
  }
  const area = document.createElement("textarea");
  area.value = text;
  area.style.cssText = "position:fixed;opacity:0";
  near.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  return done;
}

function render({ model, el, signal }) {
  el.classList.add("mpviz-copy");
  const button = document.createElement("button");
  button.type = "button";
  button.className = "mpviz-button";
  const said = document.createElement("span");
  said.className = "mpviz-sr";
  said.setAttribute("aria-live", "polite");
  el.append(button, said);

  let timer;
  const update = () => {
    button.disabled = model.get("disabled");
    button.textContent = said.textContent || model.get("label");
  };
  const say = (text) => {
    clearTimeout(timer);
    button.style.minWidth = `${button.offsetWidth}px`;
    said.textContent = text;
    update();
    timer = setTimeout(() => { said.textContent = ""; button.style.minWidth = ""; update(); },
                       SAID_FOR);
  };
  button.addEventListener("click", async () => {
    const text = model.get("text");
    const whole = model.get("link") ? `${location.origin}${location.pathname}?${text}` : text;
    say((await copy(whole, el)) ? "Copied" : "Not copied");
    button.focus();
  });
  model.on("change:label change:disabled", update);
  signal.addEventListener("abort", () => clearTimeout(timer));
  update();
}

export default { render };
