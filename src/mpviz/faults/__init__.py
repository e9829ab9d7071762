"""Faults: the catalogue, the tasks that carry them, and the lab that runs them."""
