"""Documents of orders: invoices and credit notes, their numbers, their PDFs, and the archive of a period.

`invoices.issue` and `invoices.credit` write a document in the transaction of their caller. Its number comes
from a locked counter, so they are called last: whoever waits for the counter waits for nothing else.
"""
