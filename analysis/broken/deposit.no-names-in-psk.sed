# on: scenarios/deposit.malicious-kdc
# 5.3 without names and keys: the KDC makes one sender's deposit another's.
s/kdf(ks, (lPsk, deposit, a, b, IA, IB, SA, SB, E))/kdf(ks, (lPsk, deposit))/
