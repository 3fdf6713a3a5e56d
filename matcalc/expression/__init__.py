"""Expressions: nodes, normal form, the form a person would print, and the printing; text made into them."""
