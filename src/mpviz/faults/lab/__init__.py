"""The fault lab: every mechanism with every fault, run on this machine; a cell is one such run."""
