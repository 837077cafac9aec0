# 5.6: the chunks' key is not of one session: a retry with another offset seals other chunks under the same key and nonces.
s/= kdf(fk, (lChunks, h))/= kdf(fk, lChunks)/
