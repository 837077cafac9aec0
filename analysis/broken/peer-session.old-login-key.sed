# on: scenarios/peer-session.malicious-kdc
# U4 left out: a login key that leaked long ago is good for ever.
s/=P, =present) = checksign/=P, t: bitstring) = checksign/
