# on: scenarios/peer-session.malicious-kdc
# 5.4 as NKpsk2, without ss and se: the KDC calls B in A's name.
s/kdf((lPayload, es, sts), /kdf((lPayload, es), /
s/kdf((es, sts, ee, se, k), /kdf((es, ee, k), /
