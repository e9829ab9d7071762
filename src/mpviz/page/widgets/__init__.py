"""The browser's side of the page: each widget's Python beside its JavaScript."""
