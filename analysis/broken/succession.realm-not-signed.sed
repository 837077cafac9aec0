# Epoch keys are not signed for a realm: somebody founds one, names this KDC's identity as the successor, and has it speak for his realm.
s/let (=lEpoch, =r, ek: bitstring)/let (=lEpoch, any: realm, ek: bitstring)/
