"""What several browser tests do: press a button, see that a chart is drawn."""

from itertools import product
from pathlib import Path

from playwright.sync_api import Page

SCREENSHOTS = Path(__file__).parents[1] / "screenshots"
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


def looked_at(page: Page, place: str, name: str) -> None:
    """Take pictures at both widths, light and dark; in Voila no page is wider than its screen."""
    SCREENSHOTS.mkdir(exist_ok=True)
    for width, scheme in product((1280, 420), ("light", "dark")):
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_timeout(500)
        picture = SCREENSHOTS / f"{name}-{width}-{scheme}.png"
        page.screenshot(path=picture, full_page=True)
        if place == "voila":
            assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": 1280, "height": 900})


def press(page: Page, button: str) -> None:
    """Press the button with that name."""
    page.get_by_role("button", name=button, exact=True).click()
