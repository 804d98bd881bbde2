"""The sample catalogue: generated from a seed, with known signal and known dirt."""

from catalog.sample.build import build_sample

__all__ = ["build_sample"]
