"""The dashboard as a web page: Voila serving the one notebook, with every request checked first."""
