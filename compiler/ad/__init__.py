"""Differentiation: typed graphs with vjp, pull and jvp in, graphs without them out."""
