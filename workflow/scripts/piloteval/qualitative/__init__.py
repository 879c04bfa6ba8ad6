"""Qualitative: codebook, segments, coding, coders and themes."""
