"""The Fault lab tab."""
