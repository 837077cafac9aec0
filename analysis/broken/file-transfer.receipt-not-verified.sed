# F4: the sender takes any receipt, and succeeds though the receiver has nothing.
s/let (=complete) = open(kdf(k, lToA), first, r) in//
