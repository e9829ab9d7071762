"""The style sheet leaves the page around the dashboard alone."""

from mpviz.page.widgets.style import StyleSheet


def test_every_colour_of_the_style_sheet_is_inside_the_page():
    selectors = [line for line in StyleSheet()._css.splitlines() if line.endswith("{")]
    outside = [s for s in selectors if "mpviz" not in s and not s.startswith((" ", ":", "@media"))]
    assert outside == []
