# 5.6: the nonce does not have the chunk's number: two chunks under one key and nonce.
s/nonce(zeroth, more)/nonce(zeroth, zeroth)/
s/nonce(first, last)/nonce(zeroth, zeroth)/
