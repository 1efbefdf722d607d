"""Benchmarks: bench/run starts everything here (docs/performance.md)."""
