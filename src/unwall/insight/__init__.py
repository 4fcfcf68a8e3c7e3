"""Reads what happened, and decides what each person sees."""
