"""What several browser tests do: press a button, see that a chart is drawn."""

from playwright.sync_api import Page

# A chart is there when its canvas has more than two colours; Bokeh's lies in shadow trees.
DRAWN = """(selector) => {
  const all = (root) => [...root.querySelectorAll("*")].flatMap(
    (node) => [node, ...(node.shadowRoot ? all(node.shadowRoot) : [])]);
  const figure = [...document.querySelectorAll(selector)].find((f) => f.offsetParent);
  const canvases = figure ? all(figure).filter((node) => node.localName === "canvas") : [];
  return canvases.some((canvas) => {
    if (!canvas.width || !canvas.height) return false;
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    return new Set(new Uint32Array(data.buffer)).size > 2;
  });
}"""


def press(page: Page, button: str) -> None:
    """Press the button with that name."""
    page.get_by_role("button", name=button, exact=True).click()
