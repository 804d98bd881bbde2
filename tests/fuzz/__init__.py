"""Hostile inputs for the service: `make fuzz` sends all of them, tests/bentos/test_fuzz.py a few."""
