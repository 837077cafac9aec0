# P2 and 5.3 without the purpose: what was meant for a mailbox comes to a receiver.
s/(=lTicket, =p, u: id/(=lTicket, q: bitstring, u: id/
s/(lPsk, p, a, b/(lPsk, a, b/
