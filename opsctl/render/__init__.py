"""A plan, a run or a report as text, JSON, Markdown or HTML.

Returns text and prints nothing. Nothing is looked up or decided here; text of the account is made harmless.
"""
