# 5.7 without es and ss, under ks alone: the KDC reads and writes deposits.
s/kdf((lLetter, es, sts, k), /kdf((lLetter, k), /
