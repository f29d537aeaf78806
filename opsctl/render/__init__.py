"""A plan, a run or a report as text, JSON, Markdown or HTML; returns text and prints nothing."""
