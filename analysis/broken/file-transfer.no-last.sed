# 5.6: the receiver takes the end of what comes for the end of the content: what is cut off passes for the whole.
s/nonce(first, last)/nonce(first, more)/
s/^  ( ( in(net, a: bitstring); let (=abort)/  ( ( event BHas(u, s, f1, zero) ) | ( in(net, a: bitstring); let (=abort)/
