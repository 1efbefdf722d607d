"""Pages of accounts: `seance` (signing in and out), `comptes` (my account), `utilisateurs` (colleagues)."""
