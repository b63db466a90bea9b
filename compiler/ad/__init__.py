"""Differentiation: typed graphs with vjp, pull, jvp and taylor in, graphs without them out."""
