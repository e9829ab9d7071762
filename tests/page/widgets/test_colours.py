"""Each colour is named in one place, and what can't read that place agrees with it."""

import re
from pathlib import Path

import pytest
from bokeh.plotting import figure

import mpviz
from mpviz.charts import palette
from mpviz.page.widgets.colours import CHART_COLOURS, PAGE_COLOURS, THEMES
from mpviz.page.widgets.figure import FigureView
from mpviz.page.widgets.style import StyleSheet
from mpviz.serving import notice

PAGE = Path(mpviz.__file__).parent / "page"
HEX = re.compile(r"(?:#|%23)([0-9a-f]{6})\b")
PAIR = re.compile(r"light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)")


def test_every_line_of_the_file_is_read() -> None:
    assert len(THEMES["light"]) == len(THEMES["dark"]) == PAGE_COLOURS.count("light-dark")
    assert (THEMES["light"]["page"], THEMES["dark"]["page"]) == ("#f5f6f8", "#12161b")


def test_the_browser_gets_each_colour_that_the_script_asks_for() -> None:
    script = (PAGE / "widgets" / "figure.js").read_text("utf-8")
    asked = set(re.findall(r"\bc\.([a-z]+)", script))
    assert asked
    assert asked <= set(THEMES["light"])
    assert FigureView(figure(height=100), label="", height=100).themes == THEMES


@pytest.mark.parametrize(
    "file", sorted((PAGE / "widgets").glob("*.js")), ids=lambda file: file.name
)
def test_no_script_names_a_colour(file: Path) -> None:
    assert HEX.findall(file.read_text("utf-8")) == []


def test_the_style_sheet_names_no_colour_of_the_page_or_the_charts_again() -> None:
    sheet = (PAGE / "widgets" / "style.css").read_text("utf-8")
    known = {colour for theme in THEMES.values() for colour in theme.values()}
    known |= set(re.findall(r"#[0-9a-f]{6}", CHART_COLOURS))
    assert {f"#{colour}" for colour in HEX.findall(sheet)} & known == set()


def test_every_variable_of_the_style_sheet_is_set() -> None:
    used = set(re.findall(r"var\((--[a-z0-9-]+)\)", StyleSheet._css))
    assert used - set(re.findall(r"(--[a-z0-9-]+):", StyleSheet._css)) == set()


def test_the_charts_colours_in_the_style_sheet_are_the_palettes() -> None:
    assert f"--chart-green: {palette.GREEN};" in CHART_COLOURS


def test_voilas_template_takes_its_colours_from_the_file() -> None:
    template = (PAGE / "voila" / "index.html.j2").read_text("utf-8")
    assert "{% include 'colours.css' %}" in template
    assert {f"#{colour}" for colour in HEX.findall(template)} == {THEMES["light"]["accent"]}  # icon
    assert set(re.findall(r"var\(--([a-z-]+)\)", template)) <= set(THEMES["light"])


def test_the_servers_small_pages_have_the_pages_colours() -> None:
    pairs = {(THEMES["light"][name], THEMES["dark"][name]) for name in THEMES["light"]}
    assert set(PAIR.findall(notice.STYLE)) <= pairs
    assert {f"#{colour}" for colour in HEX.findall(notice.ICON)} == {THEMES["light"]["accent"]}
