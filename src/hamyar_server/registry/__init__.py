"""Households, persons, and what is known of them, under keys of their own."""
