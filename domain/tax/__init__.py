"""Tax: which one a sale carries (treatment), the buyer's particulars and VAT id (billing), and reports."""
