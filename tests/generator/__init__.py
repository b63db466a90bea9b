"""Random well-typed programs of the subset that tapeless compiles."""
