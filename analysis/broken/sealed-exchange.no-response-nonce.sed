# The reply key depends on the request only (Q3), and the memory of L2 is lost: one key and nonce seal two replies.
s/new run: bitstring; event KServes(E, run);//
s/(lProvenReply, E, rn))/(lProvenReply, E))/
