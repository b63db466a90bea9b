"""Passes over typed graphs: each takes the root of a program and gives a new one."""
