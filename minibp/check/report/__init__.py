"""Verdicts and findings, as text, JSON, a page and annotations."""
