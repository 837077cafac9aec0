# The ticket (4.5) does not hold E: it serves with any.
s/u, v, ks, E, IKU/u, v, ks, IKU/
s/ks: bitstring, =E, IK: vkey, PI/ks: bitstring, IK: vkey, PI/
