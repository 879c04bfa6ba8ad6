"""Intake: one reader a source family, and the checks every raw file passes."""
