"""One named process, from Process(…) to close()."""
