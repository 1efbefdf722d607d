"""The list of groups, and a porteur's request for other places."""
