# E3: the client takes the list of former keys on its face.
s/let (=lSuccession, =r, =one, =K) = checksign(s0, F0) in//
