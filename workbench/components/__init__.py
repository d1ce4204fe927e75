"""Pieces of pages that more than one page, or a page and its tests, need."""
