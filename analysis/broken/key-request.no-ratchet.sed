# The TGT key does not move on (4.4): who steals it later opens recordings.
s/out(net, kdf(chain, lRatchet))/out(net, chain)/
