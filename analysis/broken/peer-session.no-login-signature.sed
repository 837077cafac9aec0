# on: scenarios/peer-session.malicious-kdc
# U3 left out: pins do not reach login keys that are not signed.
s/^  let (=lLoginKey, =n, =P, =present) = checksign(signature, IK) in true else false/  true/
