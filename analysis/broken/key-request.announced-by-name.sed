# A2: the KDC takes the name of who announces itself from the request, not from the TGT.
s/let (=kAnnounce, signature: bitstring) = request in/in(net, w: id); &/
s/event KEnters(u, PU);/event KEnters(w, PU);/
s/insert presence(u, tkU, PU/insert presence(w, tkU, PU/
