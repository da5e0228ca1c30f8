"""Reading stored facts: of an asset, of a group (run, workflow, triple), and of aliases; with the fact cache."""
