# on: scenarios/sealed-exchange.epoch-key-leaks
# Q3 without the reply key: whoever has the epoch key reads what a login hands out, and answers in the KDC's place.
s/kdf((x, kdf(K, lReplyKey)), (lProvenReply/kdf(x, (lProvenReply/
