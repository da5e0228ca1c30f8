"""Assets of generated catalogues: how teams build and name them, copies, planted pairs, and the bulk."""
