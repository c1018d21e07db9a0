"""A session as it is traded: the tape, the venue that alone holds it, and the desk before it."""
