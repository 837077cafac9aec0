# T4: the answer is sealed under what the wire shows.
s/= kdf(rk, (lReply, rc, rn))/= kdf(rc, (lReply, rn))/
