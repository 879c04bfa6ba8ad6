"""Release: what may leave the house, and the proof that nothing else does."""
