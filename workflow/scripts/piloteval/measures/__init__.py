"""Measures: scores, reliability, agreement, change, certification and consensus, computed from tables."""
