"""Small parts that several services share."""
