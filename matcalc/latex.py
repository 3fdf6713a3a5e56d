"""Expressions as LaTeX."""
