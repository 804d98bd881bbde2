"""`python -m dagster_project.cli` is `shelfspace`."""

from dagster_project.cli.app import main

if __name__ == "__main__":
    main()
