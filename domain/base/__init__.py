"""What every subject stands on: clock, text, Markdown, pages of lists, SQL helpers, secrets."""
