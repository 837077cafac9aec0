# The ticket (4.5) does not hold its purpose: one for a session opens as one for a deposit.
s/(lTicket, purpose, u, v/(lTicket, u, v/
s/(=lTicket, =expected, u: id/(=lTicket, u: id/
