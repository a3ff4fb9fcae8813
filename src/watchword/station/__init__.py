"""Use cases of monitoring: the only room where the meaning of a code is a fact."""
