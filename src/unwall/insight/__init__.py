"""Uses the journal to decide what each person sees and to attribute sales."""
