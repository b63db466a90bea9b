"""Type inference: SOURCE graphs and argument types in, TYPED graphs out.

`engine` interprets the program on abstract values (`domain`) to a fixed point, one instance per graph and argument
types; `elaborate` turns each instance that can run into a typed graph.
"""
