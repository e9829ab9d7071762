"""The lesson's queue loses numbers."""
