"""What must be true of the data between stages: validation, media findings, balance and drift.

`suites` states the rules of each table, `validation` asks Great Expectations about them and shows
the outcome, `checks` judges what no table suite can say; `drift` compares two periods with Evidently.
Nothing here knows Dagster, and the heavy libraries load only when a check runs.
"""
