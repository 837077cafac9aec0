# on: scenarios/peer-session.malicious-kdc
# 5.3 without names and keys: the KDC tells B that another is calling (unknown key share).
s/kdf(ks, (lPsk, p, a, b, IA, IB, SA, SB, E))/kdf(ks, (lPsk, p))/
