"""A Pool of four and two questions."""
