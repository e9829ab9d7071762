"""A dict that others fill, in six ways."""
