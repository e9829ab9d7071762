"""The experiments' tab."""
