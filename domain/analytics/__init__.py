"""Analytics of courses: daily counts aggregated from events, and the reports made of them."""
