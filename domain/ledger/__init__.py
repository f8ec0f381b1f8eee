"""The ledger: checks that payments, earnings and access agree."""
