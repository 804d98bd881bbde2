"""The ground that every room stands on: errors, settings, files, hashing, workspaces."""
