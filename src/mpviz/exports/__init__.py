"""What is taken home: each a function of a plan, a trace or a study."""
