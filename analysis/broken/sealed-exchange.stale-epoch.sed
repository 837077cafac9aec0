# E4 left out: the client takes a signed epoch key of any age, and one old epoch key that leaked is good for ever.
s/let (=lEpoch, =now, pkE: kempk)/let (=lEpoch, period: bitstring, pkE: kempk)/
