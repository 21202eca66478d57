"""Benchmarks: ratios and limits, printed, never timed tests."""
