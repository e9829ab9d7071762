// A labelled file input for one file; its size is checked before anything is sent.

let count = 0;

const base64 = (file) => new Promise((resolve, reject) => {
  const reader = new FileReader();
  reader.onload = () => resolve(reader.result.slice(reader.result.indexOf(",") + 1));
  reader.onerror = () => reject(reader.error);
  reader.readAsDataURL(file);
});

async function read(file, largest, binary) {
  if (file.size > largest) return { type: "too large" };
  try {
    if (binary) return { type: "file", text: await base64(file) };
    const text = new TextDecoder("utf-8", { fatal: true }).decode(await file.arrayBuffer());
    return { type: "file", text };
  } catch {
    return { type: "not text" };
  }
}

function render({ model, el }) {
  el.classList.add("mpviz-upload");
  const label = document.createElement("label");
  const input = document.createElement("input");
  input.type = "file";
  const binary = model.get("binary");
  input.accept = binary ? ".zip,application/zip" : ".txt,.csv,text/plain";
  input.id = `mpviz-upload-${Date.now()}-${count++}`;
  label.htmlFor = input.id;
  el.append(label, input);

  const update = () => {
    label.textContent = model.get("label");
    input.disabled = model.get("disabled");
  };
  // So that the same file can be chosen again after it was corrected.
  input.addEventListener("click", () => { input.value = ""; });
  input.addEventListener("change", async () => {
    const file = input.files[0];
    if (!file) return;
    model.send({ name: file.name, ...(await read(file, model.get("max_bytes"), binary)) });
  });
  model.on("change:label change:disabled", update);
  update();
}

export default { render };
