"""The store that both halves use: one writer thread, group commit, hash chain."""
