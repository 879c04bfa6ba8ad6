"""An openly synthetic pilot: the same seed gives the same bytes.

``python -m piloteval.simulate`` writes the example study; with sizes it writes large studies for benchmarks. The truth
behind the numbers goes to ``truth/``, which tests read and no rule does.
"""
