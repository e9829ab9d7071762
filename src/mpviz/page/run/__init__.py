"""The Run tab: controls, runs and charts."""
