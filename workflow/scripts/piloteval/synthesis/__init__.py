"""Synthesis: outcomes beside themes."""
