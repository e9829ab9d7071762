"""The lesson's tab, and its steps."""
