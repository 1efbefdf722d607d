"""The pages after a stay: who went, who is missing, what is paid."""
