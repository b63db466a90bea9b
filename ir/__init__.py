"""The functional graph IR: nodes, types, primitives, its text form, its verifier and its reference interpreter."""
