# on: scenarios/peer-session.malicious-kdc
# P2: the login key of the ticket is not compared with Noise's s: the KDC calls B in A's name.
/if boundS = SI then/d
s/vouched(u, II, SI, sgI)/vouched(u, II, boundS, sgI)/
