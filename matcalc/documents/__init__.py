"""Chains of statements: names given in passing, macros, slips, and the judgement on each."""
