"""The front door: what Dagster loads, jobs, automation, and the command `shelfspace`."""

import gc

# A run loads thousands of modules, whose objects stay to its end: with Python's own thresholds an eighth of
# its time goes into looking through them for garbage again and again.
gc.set_threshold(50_000, 20, 50)
