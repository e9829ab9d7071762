// A button that copies a text that is here already: the browser lets a click copy, but not a
// message that comes back later.

const SHOWN_FOR = 1500; // milliseconds

async function copy(text, near) {
  if (navigator.clipboard && window.isSecureContext) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      // refused: the old way may still work
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
  const spoken = document.createElement("span");
  spoken.className = "mpviz-sr";
  spoken.setAttribute("aria-live", "polite");
  el.append(button, spoken);

  let timer;
  const update = () => {
    button.disabled = model.get("disabled");
    button.textContent = spoken.textContent || model.get("label");
  };
  const announce = (text) => {
    clearTimeout(timer);
    button.style.minWidth = `${button.offsetWidth}px`;
    spoken.textContent = text;
    update();
    timer = setTimeout(() => { spoken.textContent = ""; button.style.minWidth = ""; update(); },
                       SHOWN_FOR);
  };
  button.addEventListener("click", async () => {
    const text = model.get("text");
    const whole = model.get("link") ? `${location.origin}${location.pathname}?${text}` : text;
    announce((await copy(whole, el)) ? "Copied" : "Not copied");
    button.focus();
  });
  model.on("change:label change:disabled", update);
  signal.addEventListener("abort", () => clearTimeout(timer));
  update();
}

export default { render };
