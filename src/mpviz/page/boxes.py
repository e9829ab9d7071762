"""Boxes that tabs and page are laid out with. Knows no part of the page."""

from __future__ import annotations

from collections.abc import Iterable

import ipywidgets as widgets

from mpviz.page.markup import element, hint


def row(parts: Iterable[widgets.Widget], css: str = "mpviz-actions") -> widgets.HBox:
    """Put widgets beside each other."""
    return widgets.HBox(list(parts)).add_class(css)


def card(title: str, *parts: widgets.Widget, intro: str = "") -> widgets.VBox:
    """Put widgets on a card with a heading."""
    head = element("h2", title) + hint(intro)
    return widgets.VBox([widgets.HTML(head), *parts]).add_class("mpviz-card")


def button(label: str, style: str = "", *, disabled: bool = False) -> widgets.Button:
    """Make a button; `style` is ``"primary"`` for the main one of its place."""
    return widgets.Button(description=label, button_style=style, disabled=disabled)


def set_class(widget: widgets.Widget, css: str, on: bool) -> None:
    """Give a widget a class of the style sheet, or take it away."""
    (widget.add_class if on else widget.remove_class)(css)
