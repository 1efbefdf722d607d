"""The pages of a group's list, and those of a registration."""
