"""The lesson: its steps, and the walk that shows them on the page."""
