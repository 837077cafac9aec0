# 5.4 without ee: no forward secrecy once login keys leak.
s/kdf((es, sts, ee, se, k), /kdf((es, sts, se, k), /
