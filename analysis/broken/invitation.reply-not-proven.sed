# Q3: the answer is not under a key of the exchange: anybody tells the client that it is registered.
s/provenKey(s, K, E, pkE, rn), zero, c)/kdf(lProvenReply, rn), zero, c)/
