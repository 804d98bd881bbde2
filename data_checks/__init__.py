"""What must be true of the data between stages: validation, media findings, balance and drift.

`suites` states the expectations, `run` validates a table against one with Great Expectations,
`report` and `pages` hold and show the outcome; `drift` compares two periods with Evidently.
Nothing here knows Dagster, and the heavy libraries load only when a check runs.
"""
