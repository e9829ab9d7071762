"""Many plans: which are measured, in which order and how often, and what is kept of them."""
