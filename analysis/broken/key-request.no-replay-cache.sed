# T2 without its memory: a replayed request is served again, with a new ks under a new key. Nothing else is lost.
s/new run: bitstring; event KServes(rk, rc, run);//
