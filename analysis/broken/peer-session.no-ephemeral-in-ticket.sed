# on: scenarios/peer-session.initiator-login-key-leaks
# P2: E is not compared with the ticket's: who has ks and A's login key calls B in A's name.
/if boundE = E then/d
