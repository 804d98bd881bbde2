"""What one checkout does, recorded from outside, and two such records compared; see `__main__`."""
