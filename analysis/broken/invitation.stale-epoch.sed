# E4 left out: the client takes a signed epoch key of any age: who has an old one reads the invitation, and is faster.
s/let (=lEpoch, =now, pkE: kempk)/let (=lEpoch, period: bitstring, pkE: kempk)/
