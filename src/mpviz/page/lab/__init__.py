"""The fault lab's tab."""
