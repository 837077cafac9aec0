# L2 without its memory: a replayed login is granted again. Nothing else is lost.
s/new run: bitstring; event KServes(E, run);//
