# on: scenarios/deposit.malicious-kdc
# 5.7 as Npsk0, without ss: the KDC deposits in the sender's name.
s/kdf((lLetter, es, sts, k), /kdf((lLetter, es, k), /
