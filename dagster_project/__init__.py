"""The front door: what Dagster loads, jobs, automation, and the command `shelfspace`."""
