# Data under the session key alone: who knows ks (every KDC does) reads it.
s/kdf((es, sts, ee, se, k), /kdf(k, /
