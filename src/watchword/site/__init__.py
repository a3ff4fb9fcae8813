"""Use cases of the premises; this room cannot say why a code was typed."""
