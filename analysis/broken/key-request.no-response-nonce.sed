# The key of the answer depends on the request only, and the memory of T2 is lost: one key and nonce seal two answers.
s/new run: bitstring; event KServes(rk, rc, run);//
s/= kdf(rk, (lReply, rc, rn))/= kdf(rk, (lReply, rc))/
