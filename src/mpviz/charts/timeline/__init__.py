"""The timeline: bars, marks, tips, and the figure."""
