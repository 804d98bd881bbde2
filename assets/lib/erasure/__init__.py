"""What a person asked to be forgotten, taken out of a workspace: step by step, and what remains is said."""
