# E3 left out: the client takes any epoch key, and the attacker stands in for the KDC.
s/checksign(signature, kdc) in  /signed(signature) in  /
