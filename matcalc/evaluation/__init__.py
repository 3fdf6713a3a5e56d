"""Expressions as numbers: over NumPy or JAX, chains in a cheap order, factorisations in place of inverses."""
