"""The browser-side pieces, each beside its JavaScript."""
