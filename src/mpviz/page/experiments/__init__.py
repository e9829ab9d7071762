"""The experiments on the page."""
