// Draws a Bokeh figure from synced state. Knows no chart, only models, columns and the theme.

const ARRAYS = {
  float64: Float64Array, float32: Float32Array, int32: Int32Array, uint32: Uint32Array,
  int16: Int16Array, uint16: Uint16Array, int8: Int8Array, uint8: Uint8Array,
};

const FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif";

// Voila's body has JupyterLab's attribute too, whatever the reader prefers.
function isDark() {
  const { voila, jpThemeLight } = document.body.dataset;
  if (voila === undefined && jpThemeLight !== undefined) return jpThemeLight === "false";
  return matchMedia("(prefers-color-scheme: dark)").matches;
}

function onTheme(changed, signal) {
  const media = matchMedia("(prefers-color-scheme: dark)");
  media.addEventListener("change", changed, { signal });
  const observer = new MutationObserver(changed);
  observer.observe(document.body, { attributeFilter: ["data-jp-theme-light", "data-voila"] });
  signal.addEventListener("abort", () => observer.disconnect());
}

const LARGER = 1.4; // type and height in the projector view

function onProjector(el, changed, signal) {
  const attach = () => {
    if (signal.aborted) return;
    if (!el.isConnected) { setTimeout(attach, 100); return; }
    const root = el.closest(".mpviz");
    if (!root) return;
    const measure = () => changed(root.classList.contains("mpviz-projector") ? LARGER : 1);
    const observer = new MutationObserver(measure);
    observer.observe(root, { attributeFilter: ["class"] });
    signal.addEventListener("abort", () => observer.disconnect());
    measure();
  };
  attach();
}

// Asked for once for each page and version, however many figures there are. The view that asked may
// be gone before the answer comes; then another one asks.
async function loadBokeh(model, signal) {
  const version = model.get("bokeh_version");
  const requests = (window.__mpviz_bokeh ??= {});
  while (!window.Bokeh?.[version]) {
    const mine = !requests[version];
    requests[version] ??= requestBokeh(model, signal).finally(() => delete requests[version]);
    try {
      await requests[version];
    } catch (error) {
      if (mine) throw error;
    }
  }
  return window.Bokeh[version];
}

async function requestBokeh(model, signal) {
  const address = model.get("bokeh_address");
  const code = address ? await fetchBokeh(address, signal) : await receiveBokeh(model, signal);
  return new Promise((resolve, reject) => {
    // These names are shadowed: with RequireJS on the page the bundle might register there instead.
    const wrapper = ["(function (define, module, exports, require) {\n", "\n}).call(window);"];
    const blob = new Blob([wrapper[0], code, wrapper[1]], { type: "text/javascript" });
    const script = document.createElement("script");
    script.src = URL.createObjectURL(blob);
    script.onload = () => { URL.revokeObjectURL(script.src); script.remove(); resolve(); };
    script.onerror = () => reject(new Error("BokehJS could not be evaluated"));
    document.head.append(script);
  });
}

// From a server that has it as a file.
async function fetchBokeh(address, signal) {
  const response = await fetch(address, { signal });
  if (!response.ok) throw new Error(`BokehJS could not be loaded: ${response.status}`);
  return response.blob();
}

// From the kernel, where no server has it: in JupyterLab, or with plain Voila.
function receiveBokeh(model, signal) {
  return new Promise((resolve, reject) => {
    signal.addEventListener("abort", () => reject(new Error("the view was closed")));
    const receive = (message, buffers) => {
      if (message.type !== "bokehjs") return;
      model.off("msg:custom", receive);
      resolve(buffers[0]);
    };
    model.on("msg:custom", receive);
    model.send({ type: "bokehjs" });
  });
}

function unpack(column) {
  if (Array.isArray(column)) return column;
  const { buffer, byteOffset, byteLength } = column.data;
  return new ARRAYS[column.dtype](buffer.slice(byteOffset, byteOffset + byteLength));
}

function fill(doc, columns) {
  for (const source of doc.all_models) {
    const packed = source.type === "ColumnDataSource" && columns[source.name];
    if (!packed) continue;
    source.data = Object.fromEntries(Object.entries(packed).map(([k, v]) => [k, unpack(v)]));
  }
}

// Sets only what the model has and what Python did not switch off with None.
function set(model, values) {
  for (const [name, value] of Object.entries(values)) {
    if (name in model.properties && model[name] !== null) model[name] = value;
  }
}

const PAINT = {
  Figure: (c) => ({ background_fill_color: null, border_fill_color: null,
                    outline_line_color: c.line }),
  Axis: (c) => ({ axis_line_color: c.line, major_tick_line_color: c.line,
                  minor_tick_line_color: null, axis_label_text_color: c.quiet,
                  major_label_text_color: c.quiet, group_text_color: c.quiet,
                  axis_label_text_font: FONT, major_label_text_font: FONT }),
  Grid: (c) => ({ grid_line_color: c.line }),
  Legend: (c) => ({ background_fill_color: c.surface, background_fill_alpha: 0.85,
                    border_line_color: null, label_text_color: c.ink, title_text_color: c.quiet,
                    label_text_font: FONT, inactive_fill_color: c.surface }),
  Title: (c) => ({ text_color: c.ink, text_font: FONT }),
};

function paint(doc, colours) {
  for (const model of doc.all_models) {
    for (const [kind, values] of Object.entries(PAINT)) {
      if (model.type.endsWith(kind)) set(model, values(colours));
    }
  }
}

// The projector's larger type, which no style sheet can set on a canvas; before the first paint.
function enlarge(doc, factor) {
  const larger = (size) => typeof size === "string"
    ? size.replace(/^[\d.]+/, (number) => String(number * factor)) : size;
  for (const model of doc.all_models) {
    for (const { attr } of model.syncable_properties?.() ?? []) {
      if (!attr.endsWith("font_size")) continue;
      const size = model[attr];
      model[attr] = size?.value ? { ...size, value: larger(size.value) } : larger(size);
    }
  }
}

// Tooltips are in the page's body, each in a shadow tree of its own, which no style sheet reaches.
function paintTips(doc, c) {
  const css = `
    :host { --color: ${c.ink}; --background-color: ${c.surface}; --divider-color: ${c.line};
            --tooltip-arrow-color: ${c.quiet}; --icon-color: ${c.surface}; opacity: 1;
            border-radius: 4px; padding: 8px 10px; font: 13px/1.5 ${FONT}; }
    .bk-tooltip-row-label { color: ${c.quiet}; padding-right: 6px; }`;
  for (const model of doc.all_models) {
    const view = model.type === "HoverTool" && doc.views_manager?.find_one(model);
    for (const tip of view?.ttmodels?.values() ?? []) tip.stylesheets = [css];
  }
}

function render({ model, el, signal }) {
  el.classList.add("mpviz-figure");
  const stage = document.createElement("div");
  stage.setAttribute("role", "img");
  el.append(stage);

  let doc = null;
  let drawn = null;
  let scale = 1;

  const colours = () => model.get("themes")[isDark() ? "dark" : "light"];
  const height = () => Math.round(model.get("height") * scale);
  const describe = () => {
    stage.setAttribute("aria-label", model.get("label"));
    stage.style.minHeight = `${height()}px`;
    for (const root of doc?.roots() ?? []) root.height = height();
  };
  const clear = () => {
    doc?.views_manager?.clear();
    doc?.clear();
    doc = null;
    stage.replaceChildren();
  };
  const build = async () => {
    const json = model.get("figure");
    if (signal.aborted || drawn === json) return;
    const Bokeh = await loadBokeh(model, signal);
    if (signal.aborted) return;
    clear();
    doc = Bokeh.require("document").Document.from_json(json);
    drawn = json;
    for (const root of doc.roots()) root.height = height();
    if (scale > 1) enlarge(doc, scale);
    fill(doc, model.get("columns"));
    paint(doc, colours());
    await Bokeh.embed.add_document_standalone(doc, stage);
    paintTips(doc, colours());
    if (signal.aborted) clear();
  };
  const refill = () => {
    // A new figure may be on its way with these columns; then `build` fills them in.
    if (doc && drawn === model.get("figure")) fill(doc, model.get("columns"));
  };

  // One step after the other, so that no columns reach a figure that is half built.
  let last = Promise.resolve();
  const then = (step) => {
    last = last.then(step).catch((error) => {
      if (!signal.aborted) console.error("mpviz figure:", error);
    });
  };

  describe();
  then(build);
  model.on("change:label change:height", describe);
  model.on("change:figure", () => then(build));
  model.on("change:columns", () => then(refill));
  onTheme(() => then(() => {
    if (!doc) return;
    paint(doc, colours());
    paintTips(doc, colours());
  }), signal);
  onProjector(el, (wanted) => {
    if (wanted === scale) return;
    scale = wanted;
    drawn = null;
    describe();
    then(build);
  }, signal);
  signal.addEventListener("abort", clear);
}

export default { render };
