"""What a person asked to be forgotten: that it was, without saying what, and its rows in tables and files."""
